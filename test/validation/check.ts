import { expect } from 'chai';
import { it } from 'mocha';
import type { IssueCode } from '../../resources/errors.ts';
import { readJson } from '../../resources/json/read.ts';
import { isObject, type JsonObject } from '../../resources/json/value.ts';
import { createRegistry } from '../../resources/registry.ts';
import { createValidator } from '../../resources/validate/validator.ts';

export const registry = createRegistry();
const validator = createValidator(registry);

/** What a validation finds, as far as a caller may rely on it: the code and the place of each issue. */
export type Finding = [code: IssueCode, expression: string];

/** A resource from JSON text, read as the server reads it. */
export function read(text: string): JsonObject {
  const value = readJson(text);
  if (!isObject(value)) throw new Error('A resource is an object');
  return value;
}

/** The issues of a resource. */
export function issuesOf(resource: JsonObject): ReturnType<typeof validator.validate> {
  return validator.validate(String(resource.resourceType), resource);
}

/** The findings in a resource. */
export function findings(resource: JsonObject): Finding[] {
  return issuesOf(resource).map(({ code, expression }) => [code, expression?.[0] ?? '']);
}

/** One row of a suite: what it is about, a resource, and what is found in it: nothing where it is valid. */
export type Row = [about: string, resource: JsonObject, ...found: Finding[]];

/** A test for each row. */
export function rows(table: Row[]): void {
  for (const [about, resource, ...found] of table) {
    it(about, () => {
      expect(findings(resource)).to.eql(found);
    });
  }
}

/** A Patient with some elements. */
export function patient(elements: JsonObject): JsonObject {
  return { resourceType: 'Patient', ...elements };
}
