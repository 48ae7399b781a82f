/**
 * Looking at values: FHIRPath's `exists()`, `count()` and comparisons. A value that is not of its type is told of
 * elsewhere, and may be anything here.
 */
import { Decimal, isObject, type Json, type JsonObject } from '../../json/value.ts';

/** A rule of an object: true where it holds. */
export type Rule = (value: JsonObject) => boolean;

/** A rule that looks at the resource, too, in which the object stands: FHIRPath's `%resource`. */
export type RuleWithin = (value: JsonObject, resource: JsonObject) => boolean;

/** True where an element is there, be it by an extension alone. */
export function has(value: JsonObject, name: string): boolean {
  return value[name] !== undefined || value[`_${name}`] !== undefined;
}

/** True where a choice is made: `value` for `valueQuantity`. */
export function hasChoice(value: JsonObject, name: string): boolean {
  return Object.keys(value).some((key) => {
    const rest = key.startsWith('_') ? key.slice(1) : key;
    return rest.startsWith(name) && /^[A-Z]/.test(rest.slice(name.length));
  });
}

/** The objects of an element: none, one or several. */
export function objects(value: JsonObject, name: string): JsonObject[] {
  const found = value[name];
  return (Array.isArray(found) ? found : [found ?? null]).filter((item) => isObject(item));
}

/** How many of some elements are there. */
export function countOf(value: JsonObject, names: readonly string[]): number {
  return names.filter((name) => has(value, name)).length;
}

/** At least one of some elements. */
export function anyOf(...names: string[]): Rule {
  return (value) => countOf(value, names) > 0;
}

/** Exactly one of some elements. */
export function oneOf(...names: string[]): Rule {
  return (value) => countOf(value, names) === 1;
}

/** Not all of some elements together. */
export function notAll(...names: string[]): Rule {
  return (value) => countOf(value, names) < names.length;
}

/** Where the one is, the others are too. */
export function needs(name: string, ...others: string[]): Rule {
  return (value) => !has(value, name) || countOf(value, others) === others.length;
}

/** All of some elements or none. */
export function allOrNone(...names: string[]): Rule {
  return (value) => [0, names.length].includes(countOf(value, names));
}

/** The number of an element, where it is one. */
export function numberOf(value: Json | undefined): number | undefined {
  if (value === undefined || value === null || typeof value === 'boolean') return undefined;
  const number = Number(textOf(value) || Number.NaN);
  return Number.isNaN(number) ? undefined : number;
}

/** A value as a text; none where it is an object or a list, whose own `toString` could be anything. */
export function textOf(value: Json | undefined): string {
  return typeof value === 'object' && value !== null && !(value instanceof Decimal) ? '' : String(value);
}

/** True where no two texts are the same. */
export function areDistinct(texts: readonly Json[]): boolean {
  return new Set(texts).size === texts.length;
}

/** True where a CodeableConcept has a coding with a system and one of some codes. */
export function hasCoding(concept: Json | undefined, system: string, ...codes: string[]): boolean {
  if (concept === undefined || !isObject(concept)) return false;
  return objects(concept, 'coding').some(
    (coding) => coding.system === system && typeof coding.code === 'string' && codes.includes(coding.code),
  );
}

/** The elements of a name at any depth, contained resources aside. */
export function descendants(value: JsonObject, name: string): Json[] {
  return Object.entries(value).flatMap(([key, item]): Json[] => {
    if (key === 'contained') return [];
    const below = (Array.isArray(item) ? item : [item]).filter((one) => isObject(one));
    return [...(key === name ? [item] : []), ...below.flatMap((one) => descendants(one, name))];
  });
}
