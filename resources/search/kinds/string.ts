import { isObject, type Json } from '../../json/value.ts';
import { bounded, fold, isTidy, unescaped } from '../index/text.ts';
import { is, type RowTest } from '../sql/row-test.ts';
import { type AddRow, BadValue, type RowMatch, type SearchKind } from './kind.ts';

/** Length of the indexed start of a text; both databases limit the size of an index key. */
const LONGEST = 500;
/** The table that holds longer texts in full. */
const WHOLE = 'search_text';
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
  longest: Number.POSITIVE_INFINITY,
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
    const folded = fold(literal);
    if (folded === '') throw new BadValue('must have some text to search for');
    const isLong = folded.length > LONGEST;
    if (modifier === 'exact') {
      const exact = is('exact', '=', bounded(literal, LONGEST_EXACT));
      return { where: { all: [is('folded', '=', start(folded)), exact] }, access: 'seek' };
    }
    if (modifier === 'contains') {
      const within = inWhole({ column: 'whole', contains: folded });
      return isLong ? within : { where: { column: 'folded', contains: folded }, access: 'scan', also: within };
    }
    if (isLong) return inWhole({ column: 'whole', startsWith: folded });
    return { where: { column: 'folded', startsWith: folded }, access: 'range' };
  },
};

/**
 * Adds a row for the start of a folded text and, if the text is longer, one for all of it. `exact` distinguishes texts
 * that fold alike.
 */
export function addFolded(folded: string, exact: string, add: AddRow, variant?: string): void {
  if (folded === '') return;
  add([start(folded), exact], variant);
  if (folded.length > LONGEST) add([bounded(folded, 0), folded], variant, WHOLE);
}

function inWhole(where: RowTest): RowMatch {
  return { where, access: 'scan', table: WHOLE };
}

/** Returns the indexed start of a text, without splitting a surrogate pair. */
function start(folded: string): string {
  return folded.length > LONGEST ? folded.slice(0, LONGEST).replace(/[\ud800-\udbff]$/, '') : folded;
}

function addText(value: Json, add: AddRow): void {
  if (typeof value !== 'string') return;
  if (value.length <= LONGEST_EXACT && isTidy(value)) add([value.toLowerCase(), value]);
  else addFolded(fold(value), bounded(value, LONGEST_EXACT), add);
}
