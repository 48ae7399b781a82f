import { isObject, type Json } from '../../json/value.ts';
import { bounded, fold, unescaped } from '../text.ts';
import { type AddRow, BadValue, type SearchKind } from './kind.ts';

/** The longest text that takes part in a comparison by prefix or part: index rows are limited in both databases. */
const LONGEST = 500;
const LONGEST_EXACT = 120;

/** The parts of datatypes that a string parameter reads (FHIR R4 §3.1.1.4.8). */
const PARTS: Record<string, string[]> = {
  HumanName: ['family', 'given', 'prefix', 'suffix', 'text'],
  Address: ['text', 'line', 'city', 'district', 'state', 'postalCode', 'country'],
  CodeableConcept: ['text'],
  ContactPoint: ['value'],
};

const PRIMITIVES = new Set(['string', 'markdown', 'code', 'id', 'uri', 'url', 'canonical', 'oid', 'uuid']);

/** string: case- and accent-insensitive prefix; `:contains` anywhere; `:exact` literally (FHIR R4 §3.1.1.4.8). */
export const string: SearchKind = {
  table: 'search_string',
  modifiers: ['exact', 'contains'],

  reader(type) {
    if (PRIMITIVES.has(type)) return addText;
    const parts = PARTS[type];
    if (parts === undefined) return undefined;
    return (value, add) => {
      if (!isObject(value)) return;
      for (const part of parts) {
        const text = value[part];
        if (text !== undefined) for (const item of [text].flat()) addText(item, add);
      }
    };
  },

  parse(text, { modifier }) {
    const literal = unescaped(text);
    const folded = fold(literal).slice(0, LONGEST);
    if (folded === '') throw new BadValue('give some text to look for');
    if (modifier === 'exact') {
      const bindings = [folded, bounded(literal, LONGEST_EXACT)];
      return { where: { sql: 'folded = ? AND exact = ?', bindings }, access: 'seek' };
    }
    if (modifier === 'contains') {
      const pattern = `%${folded.replace(/[\\%_]/g, '\\$&')}%`;
      return { where: { sql: "folded LIKE ? ESCAPE '\\'", bindings: [pattern] }, access: 'scan' };
    }
    return { where: { sql: 'folded >= ? AND folded < ?', bindings: prefixBounds(folded) }, access: 'range' };
  },
};

/** The range of texts that start with a prefix: U+10FFFF is no character and stands behind all of them. */
export function prefixBounds(prefix: string): [string, string] {
  return [prefix, `${prefix}\u{10ffff}`];
}

function addText(value: Json, add: AddRow): void {
  if (typeof value !== 'string') return;
  const folded = fold(value).slice(0, LONGEST);
  if (folded !== '') add([folded, bounded(value, LONGEST_EXACT)]);
}
