/**
 * Functions for invariants: FHIRPath's `exists()`, `count()` and comparisons. Values of a wrong type are reported
 * elsewhere and may be anything here.
 */
import { Decimal, isObject, type Json, type JsonObject } from '../../json/value.ts';

/** An invariant of an object: returns true if it holds. */
export type Rule = (value: JsonObject) => boolean;

/** An invariant that also reads the resource around the object: FHIRPath's `%resource`. */
export type RuleWithin = (value: JsonObject, resource: JsonObject) => boolean;

/** Returns true if an element exists, even if it has only an extension. */
export function has(value: JsonObject, name: string): boolean {
  return value[name] !== undefined || value[`_${name}`] !== undefined;
}

/** Returns true if a choice element exists: `value` for `valueQuantity`. */
export function hasChoice(value: JsonObject, name: string): boolean {
  return Object.keys(value).some((key) => {
    const rest = key.startsWith('_') ? key.slice(1) : key;
    return rest.startsWith(name) && /^[A-Z]/.test(rest.slice(name.length));
  });
}

/** Returns the objects of an element, as a list. */
export function objects(value: JsonObject, name: string): JsonObject[] {
  const found = value[name];
  return (Array.isArray(found) ? found : [found ?? null]).filter((item) => isObject(item));
}

/** Returns how many of the elements exist. */
export function countOf(value: JsonObject, names: readonly string[]): number {
  return names.filter((name) => has(value, name)).length;
}

/** At least one of the elements exists. */
export function anyOf(...names: string[]): Rule {
  return (value) => countOf(value, names) > 0;
}

/** Exactly one of the elements exists. */
export function oneOf(...names: string[]): Rule {
  return (value) => countOf(value, names) === 1;
}

/** Not all of the elements exist together. */
export function notAll(...names: string[]): Rule {
  return (value) => countOf(value, names) < names.length;
}

/** If the first element exists, the others do too. */
export function needs(name: string, ...others: string[]): Rule {
  return (value) => !has(value, name) || countOf(value, others) === others.length;
}

/** Either all or none of the elements exist. */
export function allOrNone(...names: string[]): Rule {
  return (value) => [0, names.length].includes(countOf(value, names));
}

/** Returns the number in an element; undefined if it is not a number. */
export function numberOf(value: Json | undefined): number | undefined {
  if (value === undefined || value === null || typeof value === 'boolean') return undefined;
  const number = Number(textOf(value) || Number.NaN);
  return Number.isNaN(number) ? undefined : number;
}

/** Returns a value as text; empty for an object or a list, whose own `toString` could be anything. */
export function textOf(value: Json | undefined): string {
  return typeof value === 'object' && value !== null && !(value instanceof Decimal) ? '' : String(value);
}

/** Returns true if no two values are the same. */
export function areDistinct(texts: readonly Json[]): boolean {
  return new Set(texts).size === texts.length;
}

/** Returns true if a CodeableConcept has a coding with the system and one of the codes. */
export function hasCoding(concept: Json | undefined, system: string, ...codes: string[]): boolean {
  if (concept === undefined || !isObject(concept)) return false;
  return objects(concept, 'coding').some(
    (coding) => coding.system === system && typeof coding.code === 'string' && codes.includes(coding.code),
  );
}

/** Returns the elements with a name at any depth, except in contained resources. */
export function descendants(value: JsonObject, name: string): Json[] {
  return Object.entries(value).flatMap(([key, item]): Json[] => {
    if (key === 'contained') return [];
    const below = (Array.isArray(item) ? item : [item]).filter((one) => isObject(one));
    return [...(key === name ? [item] : []), ...below.flatMap((one) => descendants(one, name))];
  });
}
