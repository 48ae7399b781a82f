/** Judges a request by a JSON Schema (https://json-schema.org/draft-07/schema). */
import { Ajv } from 'ajv';
import { Decimal, isObject, type Json, type JsonObject } from '../../resources/json/value.ts';
import { type PolicyEngine, PolicyError } from './engine.ts';
import { compilePattern } from './pattern.ts';
import { saysNothing } from './schema-silence.ts';
import { refuseEndless } from './schema-steps.ts';
import { survey, triedParameters } from './schema-survey.ts';

/**
 * Permits a request that satisfies the schema, once empty values are removed, and has all members that it looks into.
 */
export const jsonSchema: PolicyEngine = {
  name: 'json-schema',
  elements: ['schema'],
  looksAtResource: ({ schema }) => isObject(schema) && survey(schema, '').named.has('resource'),
  compile(policy, place) {
    const schema = policy['schema'];
    const at = `${place}.schema`;
    if (!isObject(schema) || Object.keys(schema).length === 0) {
      throw new PolicyError(at, 'A json-schema policy must have a schema.');
    }
    if (schema['$async'] !== undefined) throw new PolicyError(at, 'The schema must not use $async.');
    refuseEndless(schema, at);
    const validate = compile(schema, at);
    const needed = [...survey(schema, at).needed];
    const isTried = triedParameters(schema, at);
    if (saysNothing(schema, at)) throw new PolicyError(at, 'The schema permits every request: use the engine allow.');
    return (request) => {
      const seen = seenOf(request());
      const isThere = needed.every((name) => Object.hasOwn(Object(seen), name));
      return isThere && !repeated(seen).some(isTried) && validate(seen) === true;
    };
  },
};

function compile(schema: JsonObject, place: string): (value: unknown) => unknown {
  try {
    // One instance per schema: identifiers of one policy must not be visible in another.
    const ajv = new Ajv({
      strict: true,
      strictTypes: false,
      strictTuples: false,
      strictRequired: false,
      ownProperties: true,
      logger: false,
      code: { regExp: LINEAR },
    });
    // The library's version compares all pairs of items, which can take minutes for a large body.
    ajv.removeKeyword('uniqueItems');
    ajv.addKeyword({ keyword: 'uniqueItems', type: 'array', schemaType: 'boolean', validate: hasUniqueItems });
    return ajv.compile(plainObject(schema));
  } catch (error) {
    throw new PolicyError(place, `The schema is not valid: ${error instanceof Error ? error.message : String(error)}.`);
  }
}

const LINEAR = Object.assign(
  (source: string) => {
    const pattern = compilePattern(source);
    // The library caches patterns by their text: without a text of its own, one pattern would be used for all.
    return { test: (text: string) => pattern.finds(text), toString: () => JSON.stringify(source) };
  },
  { code: '' },
);

function hasUniqueItems(wanted: boolean, items: Plain[]): boolean {
  return !wanted || new Set(items.map(canonical)).size === items.length;
}

/** Returns a text that is the same for equal values only, whatever the order of their members. */
function canonical(value: Plain): string {
  return JSON.stringify(value, (_key, part: Plain) =>
    part === null || typeof part !== 'object' || Array.isArray(part)
      ? part
      : Object.fromEntries(Object.entries(part).sort(byName)),
  );
}

function byName([left]: [string, Plain], [right]: [string, Plain]): number {
  return left < right ? -1 : 1;
}

type Plain = null | boolean | number | string | Plain[] | { [key: string]: Plain };

/** The requests being judged, as schemas see them; shared by all policies. */
const SEEN = new WeakMap<JsonObject, Plain>();

function seenOf(request: JsonObject): Plain {
  const known = SEEN.get(request);
  if (known !== undefined) return known;
  const seen = filled(request) ?? {};
  SEEN.set(request, seen);
  return seen;
}

/** Returns the names of the parameters that are repeated in the request. */
function repeated(seen: Plain): string[] {
  const params: [string, Plain][] = Object.entries(Object(Object(seen).params ?? {}));
  return params.filter(([, value]) => Array.isArray(value)).map(([name]) => name);
}

/** Returns the value with decimals as JavaScript numbers. */
function plain(value: Json): Plain {
  if (value instanceof Decimal) return Number(value.text);
  if (Array.isArray(value)) return value.map(plain);
  return isObject(value) ? plainObject(value) : value;
}

function plainObject(object: JsonObject): { [key: string]: Plain } {
  return Object.fromEntries(Object.entries(object).map(([key, member]) => [key, plain(member)]));
}

/**
 * Returns the value with decimals as JavaScript numbers and without empty values: null, '', [] and {}. Returns
 * undefined if nothing is left. A body may have very many values, so no intermediate objects are created.
 */
function filled(value: Json): Plain | undefined {
  if (value === null || value === '') return undefined;
  if (typeof value !== 'object') return value;
  if (value instanceof Decimal) return Number(value.text);
  if (Array.isArray(value)) {
    const items: Plain[] = [];
    for (const item of value) {
      const kept = filled(item);
      if (kept !== undefined) items.push(kept);
    }
    return items.length === 0 ? undefined : items;
  }
  let members: { [key: string]: Plain } | undefined;
  for (const key of Object.keys(value)) {
    const kept = filled(value[key] ?? null);
    if (kept === undefined) continue;
    members ??= {};
    if (key === '__proto__') own(members, key, kept);
    else members[key] = kept;
  }
  return members;
}

/** Defines an own member named `__proto__`, because a query may have a parameter of any name. */
function own(members: { [key: string]: Plain }, key: string, value: Plain): void {
  Object.defineProperty(members, key, { value, enumerable: true, configurable: true, writable: true });
}
