import { isObject, type Json, type JsonObject } from '../../json/value.ts';
import { bounded, fold, splitEscaped, unescaped } from '../index/text.ts';
import { is, type RowTest } from '../sql/row-test.ts';
import { type AddRow, BadValue, type Reader, type RowMatch, type SearchKind } from './kind.ts';
import { addFolded, string } from './string.ts';

const LONGEST = 200;

/** Types with a bare value whose system is implied by the element. */
const IMPLIED = new Set(['code', 'boolean']);
const PLAIN = new Set([
  ...IMPLIED,
  'markdown',
  'id',
  'uri',
  'url',
  'canonical',
  'oid',
  'uuid',
  'integer',
  'positiveInt',
  'unsignedInt',
  'decimal',
  'date',
  'dateTime',
  'instant',
  'time',
]);

/**
 * Types whose values are free text or version names rather than codes. They are searched without regard to case, as the
 * standard recommends. Codes, identifiers and URIs are exact: a difference in case may mean another thing or person.
 */
const CASELESS: ReadonlySet<string> = new Set(['string', 'ContactPoint']);

const READERS: Record<string, Reader> = {
  Coding: (value, add) => isObject(value) && addCoding(value, add),
  CodeableConcept: addConcept,
  Identifier: addIdentifier,
  ContactPoint: (value, add) => isObject(value) && addCaseless(value['value'], add),
  string: addCaseless,
};

/** Types with text for `:text`; that of an Identifier is its type's. */
const WORDED = ['Coding', 'CodeableConcept', 'Identifier'];

/** Types whose values are concepts, to which value sets and code systems apply. */
const CODED = ['Coding', 'CodeableConcept', 'code'];

/**
 * token: `code`, `system|code`, `|code`, `system|`; `:not`, `:of-type`; `:in` and `:not-in` by value sets, `:above` and
 * `:below` by code systems; `:text` searches the text of a code like a string (FHIR R4 §3.1.1.4.10).
 */
export const token: SearchKind = {
  table: 'search_token',
  modifiers: (types) => [
    'not',
    ...(CODED.some((type) => types.has(type)) ? ['in', 'not-in', 'above', 'below'] : []),
    ...(types.has('Identifier') ? ['of-type'] : []),
    ...(WORDED.some((type) => types.has(type)) ? ['text'] : []),
  ],
  variants: { 'of-type': 'search_token', text: 'search_string' },

  reader(type) {
    if (READERS[type] !== undefined) return READERS[type];
    return PLAIN.has(type) ? (value, add) => addToken(value, '', add) : undefined;
  },

  parse(text, context) {
    if (context.modifier === 'text') {
      return { ...string.parse(text, { ...context, modifier: undefined }), variant: 'text' };
    }
    const parts = splitEscaped(text, '|').map(unescaped);
    if (context.modifier === 'of-type') return ofType(parts);
    if (context.modifier === 'below') return ofMediaType(codeKey(unescaped(text)));
    const [first = '', second] = parts;
    if (parts.length > 2) throw new BadValue('must be system|code, with other bars written as \\|');
    if (second === undefined) return code(first, context.types);
    if (first === '' && second === '') throw new BadValue('must have a code, a system, or both as system|code');
    // Resources do not contain the system of a code element: its binding implies it.
    if (isImplied(context.types)) return second === '' ? any() : code(second, context.types);
    if (second === '') return { where: is('system', '=', codeKey(first)), access: 'scan' };
    return { where: coded(code(second, context.types).where, codeKey(first)), access: 'seek' };
  },
};

/** Adds the rows of an Identifier, which may also be part of a Reference. */
export function addIdentifier(value: Json, add: AddRow, variant?: string): void {
  if (!isObject(value)) return;
  addCoded(value, 'value', add, variant);
  const kind = value['type'];
  if (variant !== undefined || !isObject(kind)) return;
  addWords(kind['text'], add);
  if (!Array.isArray(kind['coding'])) return;
  for (const coding of kind['coding']) {
    if (!isObject(coding) || typeof coding['code'] !== 'string' || typeof value['value'] !== 'string') continue;
    add([bounded(`${coding['code']}|${value['value']}`, LONGEST), systemOf(coding)], 'of-type');
  }
}

function addConcept(value: Json, add: AddRow): void {
  if (!isObject(value)) return;
  const codings = Array.isArray(value['coding']) ? value['coding'] : [];
  for (const coding of codings) if (isObject(coding)) addCoding(coding, add);
  addWords(value['text'], add);
  // A text-only concept is indexed too, so that `:missing` sees it, although no code finds it.
  if (codings.length === 0) add(['', '']);
}

function addCoding(value: JsonObject, add: AddRow): void {
  addCoded(value, 'code', add);
  addWords(value['display'], add);
}

/** Text is searched by prefix, never exactly: one row for all texts that fold alike. */
function addWords(text: Json | undefined, add: AddRow): void {
  if (typeof text === 'string') addFolded(fold(text), '', add, 'text');
}

function addCoded(value: JsonObject, name: string, add: AddRow, variant?: string): void {
  addToken(value[name] ?? '', systemOf(value), add, variant);
}

function addToken(value: Json | undefined, system: string, add: AddRow, variant?: string): void {
  if (value === undefined || value === null || isObject(value) || Array.isArray(value)) return;
  add([codeKey(String(value)), system], variant);
}

function addCaseless(value: Json | undefined, add: AddRow): void {
  if (typeof value === 'string') add([caselessKey(value), '']);
}

function systemOf(value: JsonObject): string {
  return typeof value['system'] === 'string' ? codeKey(value['system']) : '';
}

/** Returns a code or system as stored in index rows. */
export function codeKey(text: string): string {
  return bounded(text, LONGEST);
}

/** Returns a case-insensitive text as stored in index rows. */
export function caselessKey(text: string): string {
  return codeKey(text.toUpperCase().toLowerCase());
}

/** Returns true if resources do not contain the system of the code, because the element implies it. */
export function isImplied(types: ReadonlySet<string>): boolean {
  return [...types].every((type) => IMPLIED.has(type));
}

/** Parses `system|code`. Throws BadValue. */
export function conceptOf(text: string): { system: string; code: string } {
  const [system = '', code = '', ...more] = splitEscaped(text, '|').map(unescaped);
  if (system === '' || code === '' || more.length > 0) throw new BadValue('must be system|code');
  return { system, code };
}

/** Returns true for a media type without parameters if codes are searched: those with parameters are below it. */
export function isMediaType(text: string, types: ReadonlySet<string>): boolean {
  return isImplied(types) && /^[^\s/;|]+\/[^\s/;|]+$/.test(text);
}

function ofMediaType(type: string): RowMatch {
  return { where: { any: [is('code', '=', type), { column: 'code', startsWith: `${type};` }] }, access: 'range' };
}

function code(text: string, types: ReadonlySet<string>): RowMatch {
  if (text === '') throw new BadValue('must have a code, a system, or both as system|code');
  const caseless = [...types].filter((type) => CASELESS.has(type)).length;
  if (caseless === 0) return { where: is('code', '=', codeKey(text)), access: 'seek' };
  if (caseless === types.size) return { where: is('code', '=', caselessKey(text)), access: 'seek' };
  return { where: { column: 'code', in: [codeKey(text), caselessKey(text)] }, access: 'seek' };
}

function coded(code: RowTest, system: string): RowTest {
  return { all: [code, is('system', '=', system)] };
}

function any(): RowMatch {
  return { where: is('code', '<>', ''), access: 'scan' };
}

function ofType(parts: string[]): RowMatch {
  const [system = '', type = '', value = ''] = parts;
  if (parts.length !== 3 || parts.includes('')) throw new BadValue('must be system|code|value');
  const typed = is('code', '=', bounded(`${type}|${value}`, LONGEST));
  return { where: coded(typed, codeKey(system)), access: 'seek', variant: 'of-type' };
}
