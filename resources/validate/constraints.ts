/** Constraints of a declaration beyond the type: codes, sizes, targets and invariants. */
import type { ElementDefinition } from '../definition.ts';
import { isObject, type Json, type JsonObject } from '../json/value.ts';
import type { Registry } from '../registry.ts';
import { CODE_SYSTEMS } from './code-systems/registry.ts';
import { type Invariant, invariantOf } from './invariants/registry.ts';
import { targetCheck } from './references.ts';
import type { Check } from './run.ts';

/** Maximum number of codes in a message. */
const LISTED = 20;
const CONCEPTS = new Set(['Coding', 'CodeableConcept']);

/** Returns the further checks of an element's values; most elements have none. */
export function constraintChecks(element: ElementDefinition, registry: Registry): Check[] {
  const checks: Check[] = [];
  if (element.codes !== undefined) checks.push(codeCheck(withOwnTypes(element.codes, registry)));
  if (element.codings !== undefined) checks.push(codingCheck(element.codings));
  if (element.codeSystem !== undefined) checks.push(codeSystemCheck(element.codeSystem, element));
  if (element.targets !== undefined) checks.push(targetCheck(element, registry));
  const { minimum = Number.NEGATIVE_INFINITY, maximum = Number.POSITIVE_INFINITY, maxLength } = element;
  if (element.minimum !== undefined || element.maximum !== undefined) checks.push(rangeCheck(minimum, maximum));
  if (maxLength !== undefined) checks.push(lengthCheck(maxLength));
  if (element.invariants !== undefined) checks.push(...invariantChecks(element.invariants));
  return checks;
}

/** Returns the checks of the invariants that are implemented; the others need what a validator does not have. */
export function invariantChecks(invariants: Record<string, string>): Check[] {
  return Object.entries(invariants).flatMap(([id, demand]) => {
    const holds = invariantOf(id, demand);
    return holds === undefined ? [] : [invariantCheck(id, demand, holds)];
  });
}

function invariantCheck(id: string, demand: string, holds: Invariant): Check {
  return (value, run) => {
    if (!holds(value, run.resource)) run.report('invariant', `breaks the rule ${id}: ${demand}`);
  };
}

/** Where any resource type of R4 is allowed, types that this server declares itself are allowed as well. */
function withOwnTypes(codes: readonly string[], registry: Registry): readonly string[] {
  const listed = new Set(codes);
  const isAny = codes.length >= registry.published.length && registry.published.every((name) => listed.has(name));
  return isAny ? [...new Set([...codes, ...registry.names()])] : codes;
}

function codeCheck(codes: readonly string[]): Check {
  const allowed = new Set<Json>(codes);
  const remedy = codes.length > LISTED ? 'must be a code of its value set' : `must be one of ${codes.join(', ')}`;
  return (value, run) => {
    if (typeof value === 'string' && !allowed.has(value)) run.report('code-invalid', remedy);
  };
}

/**
 * A CodeableConcept needs at least one coding of the value set (https://hl7.org/fhir/R4/terminologies.html#required).
 */
function codingCheck(codings: Record<string, string[]>): Check {
  const allowed = new Map(Object.entries(codings).map(([system, codes]) => [system, new Set<Json>(codes)]));
  const list = Object.entries(codings).map(([system, codes]) => `${codes.slice(0, LISTED).join(', ')} of ${system}`);
  const isAllowed = (coding: Json): boolean =>
    isObject(coding) &&
    typeof coding.system === 'string' &&
    allowed.get(coding.system)?.has(coding.code ?? null) === true;
  return (value, run) => {
    if (!isObject(value) || codingsIn(value).some(isAllowed)) return;
    run.report('code-invalid', `must have a coding with one of ${list.join('; ')}`);
  };
}

/** Checks a code against the rule of its system, or that a concept has at least one coding with such a code. */
function codeSystemCheck(system: string, { type = '', choice = [type] }: ElementDefinition): Check {
  const rule = CODE_SYSTEMS.get(system);
  if (rule === undefined) throw new Error(`There is no rule for the codes of ${system}`);
  const { isCode, remedy } = rule;
  if (!choice.some((one) => CONCEPTS.has(one))) {
    return (value, run) => {
      if (typeof value === 'string' && !isCode(value)) run.report('code-invalid', remedy);
    };
  }
  const isAllowed = (coding: Json): boolean =>
    isObject(coding) && coding.system === system && typeof coding.code === 'string' && isCode(coding.code);
  return (value, run) => {
    if (!isObject(value) || codingsIn(value).some(isAllowed)) return;
    run.report('code-invalid', `must have a coding of ${system}, whose code ${remedy}`);
  };
}

/** A Coding is its own only coding. */
function codingsIn(value: JsonObject): Json[] {
  return Array.isArray(value.coding) ? value.coding : [value];
}

function rangeCheck(minimum: number, maximum: number): Check {
  return (value, run) => {
    const number = typeof value === 'object' ? Number(value) : value;
    if (typeof number === 'number' && (number < minimum || number > maximum)) {
      run.report('value', `must be between ${minimum} and ${maximum}`);
    }
  };
}

function lengthCheck(maxLength: number): Check {
  return (value, run) => {
    if (typeof value === 'string' && value.length > maxLength) {
      run.report('value', `must be at most ${maxLength} characters long`);
    }
  };
}
