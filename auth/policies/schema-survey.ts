/** Determines statically what a JSON Schema looks at in a request. */
import { isObject, type Json, type JsonObject } from '../../resources/json/value.ts';
import { PolicyError } from './engine.ts';
import { sameValue } from './schema-steps.ts';

/** The members of the request that a schema looks at. */
export interface Survey {
  /** Members that it names. */
  named: Set<string>;
  /** Members that it looks into without requiring them: it would be valid by default if they were missing. */
  needed: Set<string>;
}

// Keywords that constrain members without naming them, and could therefore permit what the request lacks.
const UNNAMED = ['patternProperties', 'propertyNames', 'minProperties', 'maxProperties', 'const', 'enum'];

/** Finds the members of the request that a schema looks at. Throws a PolicyError if it does not name them. */
export function survey(root: JsonObject, place: string): Survey {
  const found: Survey = { named: new Set(), needed: new Set() };
  const look = (schema: Json, reversed: boolean): void => {
    if (isObject(schema)) note(found, schema, reversed, place);
    for (const step of sameValue(schema, root, place)) look(step.schema, reversed || step.reversed);
  };
  look(root, false);
  return found;
}

// Keywords that constrain only texts, or that a list never satisfies, so that a negation would permit it.
const OF_TEXT = ['pattern', 'minLength', 'maxLength', 'const', 'enum'];

/**
 * Returns a function that tells whether the schema constrains a parameter's text and says nothing about lists. A
 * repeated parameter is a list, to which such constraints do not apply.
 */
export function triedParameters(root: JsonObject, place: string): (name: string) => boolean {
  const partsOf = (schema: Json | undefined): JsonObject[] =>
    isObject(schema) ? [schema, ...sameValue(schema, root, place).flatMap((step) => partsOf(step.schema))] : [];
  const isTried = (schema: Json | undefined) => {
    const parts = partsOf(schema);
    const mindsLists = parts.some(({ items, contains }) => (items ?? contains) !== undefined);
    return !mindsLists && parts.some((part) => OF_TEXT.some((keyword) => part[keyword] !== undefined));
  };
  const tried = new Set<string>();
  let others = false;
  const ofParams = partsOf(root).flatMap(({ properties }) => partsOf(membersIn(properties)['params']));
  for (const { properties, patternProperties, additionalProperties } of ofParams) {
    for (const [name, schema] of Object.entries(membersIn(properties))) if (isTried(schema)) tried.add(name);
    others ||= [additionalProperties, ...Object.values(membersIn(patternProperties))].some(isTried);
  }
  return (name) => others || tried.has(name);
}

function membersIn(schemas: Json | undefined): JsonObject {
  return isObject(schemas) ? schemas : {};
}

function note({ named, needed }: Survey, schema: JsonObject, reversed: boolean, place: string): void {
  const vague = UNNAMED.find((keyword) => schema[keyword] !== undefined);
  if (vague !== undefined || isObject(schema['additionalProperties'])) {
    const keyword = vague ?? 'additionalProperties';
    throw new PolicyError(
      place,
      `${keyword} is not allowed for the request as a whole: name its members in properties.`,
    );
  }
  const { properties, required, dependencies } = schema;
  const asked = Array.isArray(required) ? required.filter((name) => typeof name === 'string') : [];
  for (const name of [...asked, ...namesIn(dependencies)]) named.add(name);
  for (const name of namesIn(properties)) {
    named.add(name);
    // Inside a negation, requiring the member would permit requests that lack it.
    if (reversed || !asked.includes(name)) needed.add(name);
  }
}

/** `dependencies` names members in its keys and in its lists. */
function namesIn(parts: Json | undefined): string[] {
  if (!isObject(parts)) return [];
  const lists = Object.values(parts).filter(Array.isArray).flat();
  return [...Object.keys(parts), ...lists.filter((name) => typeof name === 'string')];
}
