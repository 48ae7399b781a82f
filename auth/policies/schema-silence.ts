/** Determines statically whether a JSON Schema constrains requests at all. */
import { isObject, type Json, type JsonObject } from '../../resources/json/value.ts';
import { referred } from './schema-steps.ts';

/** Members that every request has: requiring them constrains nothing. */
const ALWAYS = new Set<Json>(['request-method', 'scheme', 'uri', 'operation', 'headers', 'remote-addr']);

/** A keyword to be judged, and how the parts of its value are judged. */
interface Keyword {
  value: Json;
  /** True if the schema applies to the request itself. */
  atRoot: boolean;
  /** Returns true if a part that applies to the same value constrains nothing. */
  same(part: Json): boolean;
  /** Returns true if a part that applies to something inside the value constrains nothing. */
  inner(part: Json): boolean;
}

/** Annotations, and keywords that only affect others: they constrain nothing by themselves. */
const SILENT = [
  '$id',
  '$schema',
  '$comment',
  'title',
  'description',
  'default',
  'examples',
  'readOnly',
  'writeOnly',
  'definitions',
  '$defs',
  'if',
];
const list = (value: Json) => (Array.isArray(value) ? value : [value]);
const values = (value: Json) => (isObject(value) ? Object.values(value) : [value]);
const names = (value: Json) => (isObject(value) ? Object.keys(value) : list(value));

/** Keyword → true if it constrains nothing. A keyword that is not listed constrains values of its own type. */
const KEYWORDS = new Map<string, (keyword: Keyword) => boolean>([
  ...SILENT.map((name) => [name, () => true] as const),
  ['type', ({ value, atRoot }) => atRoot && list(value).includes('object')],
  ['required', ({ value, atRoot }) => list(value).every((name) => atRoot && ALWAYS.has(name))],
  [
    'properties',
    ({ value, atRoot, inner }) =>
      values(value).every(inner) && (!atRoot || names(value).every((name) => ALWAYS.has(name))),
  ],
  ['patternProperties', ({ value, inner }) => values(value).every(inner)],
  ['additionalProperties', ({ value, inner }) => inner(value)],
  ['propertyNames', ({ value, inner }) => inner(value)],
  ['items', ({ value, atRoot, inner }) => atRoot || list(value).every(inner)],
  ['additionalItems', ({ value, atRoot, inner }) => atRoot || inner(value)],
  ['dependencies', ({ value }) => values(value).length === 0],
  ['allOf', ({ value, same }) => list(value).every(same)],
  ['anyOf', ({ value, same }) => list(value).some(same)],
  ['oneOf', ({ value, same }) => list(value).length === 1 && list(value).every(same)],
  ['then', ({ value, same }) => same(value)],
  ['else', ({ value, same }) => same(value)],
  ['$ref', ({ value, same }) => same(value)],
  [
    'not',
    ({ value, same }) => value === false || (isObject(value) && value['not'] !== undefined && same(value['not'])),
  ],
  ['const', () => false],
  ['enum', () => false],
  ['minProperties', () => false],
  ['maxProperties', () => false],
]);

/** Returns true if a schema permits every request, because none of its parts constrains anything. */
export function saysNothing(root: JsonObject, place: string): boolean {
  const known = new Map<Json, boolean>();

  function isSilent(schema: Json, atRoot: boolean): boolean {
    if (!isObject(schema)) return schema === true;
    if (!atRoot) {
      const before = known.get(schema);
      if (before !== undefined) return before;
      // A recursive schema constrains nothing by the recursion itself.
      known.set(schema, true);
    }
    const same = (part: Json) => isSilent(part, atRoot);
    const inner = (part: Json) => isSilent(part, false);
    const said = Object.entries(schema).every(([name, value]) => {
      const judge = KEYWORDS.get(name);
      // Keywords for texts, numbers and lists do not constrain a request, which is an object.
      if (!judge) return atRoot;
      return judge({ value: name === '$ref' ? referred(value, root, place) : value, atRoot, same, inner });
    });
    if (!atRoot) known.set(schema, said);
    return said;
  }

  return isSilent(root, true);
}
