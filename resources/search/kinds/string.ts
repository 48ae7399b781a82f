import { isObject, type Json } from '../../json/value.ts';
import { is } from '../row-test.ts';
import { bounded, fold, storable, unescaped } from '../text.ts';
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
  modifiers: () => ['exact', 'contains'],

  reader(type) {
    if (PRIMITIVES.has(type)) return addText;
    const parts = PARTS[type];
    if (parts === undefined) return undefined;
    return (value, add) => {
      if (!isObject(value)) return;
      for (const part of parts) {
        const text = value[part];
        if (Array.isArray(text)) for (const item of text) addText(item, add);
        else if (text !== undefined) addText(text, add);
      }
    };
  },

  parse(text, { modifier }) {
    const literal = unescaped(text);
    const folded = textKey(literal);
    if (folded === '') throw new BadValue('give some text to look for');
    // What is behind the end of a key is kept by the digest of `exact` alone.
    if (modifier !== 'exact' && fold(literal).length > LONGEST) {
      throw new BadValue(`give at most ${LONGEST} characters, or the whole text by :exact`);
    }
    if (modifier === 'exact') {
      const exact = bounded(literal, LONGEST_EXACT);
      return { where: { all: [is('folded', '=', folded), is('exact', '=', exact)] }, access: 'seek' };
    }
    if (modifier === 'contains') return { where: { column: 'folded', contains: folded }, access: 'scan' };
    return { where: { column: 'folded', startsWith: folded }, access: 'range' };
  },
};

/** What is compared of a text. Where it is cut, half a character may be left over. */
export function textKey(text: string): string {
  return storable(fold(text).slice(0, LONGEST));
}

function addText(value: Json, add: AddRow): void {
  if (typeof value !== 'string') return;
  const folded = textKey(value);
  if (folded !== '') add([folded, bounded(value, LONGEST_EXACT)]);
}
