/** How the parts of a JSON Schema apply to a value (https://json-schema.org/draft-07/json-schema-validation). */
import { isObject, type Json, type JsonObject } from '../../resources/json/value.ts';
import { PolicyError } from './engine.ts';

/** A part that applies to the same value as its parent. */
export interface Step {
  schema: Json;
  /** True if the parent may be valid because the part is invalid. */
  reversed: boolean;
}

/** Returns the parts of a schema that apply to the same value. Throws a PolicyError for an unresolvable `$ref`. */
export function sameValue(schema: Json, root: JsonObject, place: string): Step[] {
  if (!isObject(schema)) return [];
  const { allOf, anyOf, oneOf, not, then, else: otherwise, if: condition, dependencies, $ref } = schema;
  const step = (reversed: boolean) => (part: Json) => ({ schema: part, reversed });
  return [
    ...[...listed(allOf), ...listed(anyOf), ...present(then, otherwise), ...valuesOf(dependencies)].map(step(false)),
    // One part of `oneOf` decides because the others are invalid.
    ...[...listed(oneOf), ...present(not, condition)].map(step(true)),
    ...($ref === undefined ? [] : [step(false)(referred($ref, root, place))]),
  ];
}

/** Returns the parts of a schema that apply inside the value: to members, items and member names. */
function within(schema: Json): Json[] {
  if (!isObject(schema)) return [];
  const { properties, patternProperties, items, contains, propertyNames } = schema;
  const { additionalProperties, additionalItems } = schema;
  return [
    ...[...valuesOf(properties), ...valuesOf(patternProperties), ...(Array.isArray(items) ? items : present(items))],
    ...present(contains, propertyNames, additionalProperties, additionalItems),
  ];
}

const MOST_STEPS = 1_000;
const DEEPEST = 100;

/**
 * Throws a PolicyError for a schema whose evaluation might not end, or take too long: one that refers to itself without
 * descending into the value, and one whose parts multiply.
 */
export function refuseEndless(root: JsonObject, place: string): void {
  const weights = new Map<Json, number | 'open'>();
  const waiting: Json[] = [root];

  function weigh(schema: Json, depth: number): number {
    const known = weights.get(schema);
    if (known === 'open')
      throw new PolicyError(place, 'A $ref must not lead back to itself without descending into the value.');
    if (known !== undefined) return known;
    if (!isObject(schema)) return 1;
    refuseName(schema, root, place);
    weights.set(schema, 'open');
    waiting.push(...within(schema));
    const steps = sameValue(schema, root, place);
    const weight = steps.reduce((sum, step) => sum + weigh(step.schema, depth + 1), 1);
    if (weight > MOST_STEPS || depth > DEEPEST)
      throw new PolicyError(place, 'The schema is too complex to evaluate: simplify it.');
    weights.set(schema, weight);
    return weight;
  }

  for (let schema = waiting.pop(); schema !== undefined; schema = waiting.pop()) weigh(schema, 0);
}

/** Refuses a nested `$id`: it would change the base of the references below it. */
function refuseName(part: Json | undefined, root: JsonObject, place: string): void {
  if (part === root || !isObject(part) || typeof part['$id'] !== 'string') return;
  throw new PolicyError(place, 'A part of a schema must not have its own $id: refer to it by its JSON Pointer.');
}

/** Resolves a `$ref`. A schema is self-contained: it refers only to its own parts, by JSON Pointer (RFC 6901). */
export function referred($ref: Json, root: JsonObject, place: string): Json {
  if (typeof $ref !== 'string' || !/^#(\/|$)/.test($ref)) {
    throw new PolicyError(place, 'A $ref must point into the same schema: #/definitions/….');
  }
  let part: Json | undefined = root;
  for (const name of $ref.split('/').slice(1)) {
    const key = unescaped(name);
    if (Array.isArray(part)) part = /^\d{1,6}$/.test(key) ? part[Number(key)] : undefined;
    else part = isObject(part) && Object.hasOwn(part, key) ? part[key] : undefined;
    refuseName(part, root, place);
  }
  if (part === undefined) throw new PolicyError(place, 'A $ref points to nothing in the schema.');
  return part;
}

function unescaped(name: string): string {
  const plain = name.replaceAll('~1', '/').replaceAll('~0', '~');
  try {
    return decodeURIComponent(plain);
  } catch {
    return plain;
  }
}

function listed(parts: Json | undefined): Json[] {
  return Array.isArray(parts) ? parts : [];
}

function present(...parts: (Json | undefined)[]): Json[] {
  return parts.filter((part) => part !== undefined);
}

/** Returns the schemas among an object's values; the lists of names in `dependencies` are not schemas. */
function valuesOf(parts: Json | undefined): Json[] {
  return isObject(parts) ? Object.values(parts).filter((part) => isObject(part) || typeof part === 'boolean') : [];
}
