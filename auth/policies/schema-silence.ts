/** Whether a JSON Schema asks for anything, read from the schema itself. */
import { isObject, type Json, type JsonObject } from '../../resources/json/value.ts';
import { referred } from './schema-steps.ts';

/** What every request has, so that asking for it says nothing. */
const ALWAYS = new Set<Json>(['request-method', 'scheme', 'uri', 'operation', 'headers', 'remote-addr']);

/** What is judged of a keyword, and how the parts of its value are judged. */
interface Keyword {
  value: Json;
  /** True where the schema applies to the request itself. */
  atRoot: boolean;
  /** True where a part that applies to the same value is silent. */
  same(part: Json): boolean;
  /** True where a part that applies to something in the value is silent. */
  inner(part: Json): boolean;
}

/** They tell people and other keywords something, and ask for nothing by themselves. */
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

/** Keyword → true where it asks for nothing. One that is not listed does ask, of the values that it is made for. */
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

/** True where a schema lets every request pass: nothing in it, wherever it stands, asks for anything. */
export function saysNothing(root: JsonObject, place: string): boolean {
  const known = new Map<Json, boolean>();

  function isSilent(schema: Json, atRoot: boolean): boolean {
    if (!isObject(schema)) return schema === true;
    if (!atRoot) {
      const before = known.get(schema);
      if (before !== undefined) return before;
      // A schema that comes upon itself further in asks for nothing by that.
      known.set(schema, true);
    }
    const same = (part: Json) => isSilent(part, atRoot);
    const inner = (part: Json) => isSilent(part, false);
    const said = Object.entries(schema).every(([name, value]) => {
      const judge = KEYWORDS.get(name);
      // What is made for texts, numbers and lists says nothing of a request, which is an object.
      if (!judge) return atRoot;
      return judge({ value: name === '$ref' ? referred(value, root, place) : value, atRoot, same, inner });
    });
    if (!atRoot) known.set(schema, said);
    return said;
  }

  return isSilent(root, true);
}
