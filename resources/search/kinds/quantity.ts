import { isObject, type Json, type JsonObject } from '../../json/value.ts';
import { bounded, splitEscaped, unescaped } from '../index/text.ts';
import { is } from '../sql/row-test.ts';
import { justAbove } from './implied-range.ts';
import { type AddRow, BadValue, type SearchKind } from './kind.ts';
import { numberCondition, OPEN, readNumber, readRange } from './number.ts';

const LONGEST = 200;
const CURRENCIES = 'urn:iso:std:iso:4217';

const QUANTITIES = new Set(['Quantity', 'Age', 'Count', 'Distance', 'Duration']);

/** For each comparator, the range that a value with it stands for, both ends included. */
const ENDS = new Map<Json | undefined, (number: number) => [low: number, high: number]>([
  ['<', (number) => [-OPEN, justBelow(number)]],
  ['<=', (number) => [-OPEN, number]],
  ['>=', (number) => [number, OPEN]],
  ['>', (number) => [justAbove(number), OPEN]],
]);

/** quantity: `[prefix]number`, `number|system|code`, `number||unit` (FHIR R4 §3.1.1.4.11). */
export const quantity: SearchKind = {
  table: 'search_quantity',
  modifiers: () => [],

  reader(type) {
    if (QUANTITIES.has(type)) return addQuantity;
    if (type === 'Money') return addMoney;
    if (type === 'Range') return addRange;
    return undefined;
  },

  parse(text) {
    const parts = splitEscaped(text, '|').map(unescaped);
    const [value = '', system = '', code = ''] = parts;
    if (parts.length === 2 || parts.length > 3)
      throw new BadValue('must have the form 5.4, 5.4|system|code or 5.4||unit');
    const number = numberCondition(value);
    if (code === '') {
      if (system !== '') throw new BadValue('must have a code after the system, as in 5.4|system|code');
      return { where: number, access: 'range' };
    }
    const unit = bounded(code, LONGEST);
    if (system === '') {
      const named = { any: [is('code', '=', unit), is('unit', '=', unit)] };
      return { where: { all: [number, named] }, access: 'range' };
    }
    const named = [is('code', '=', unit), is('system', '=', bounded(system, LONGEST))];
    return { where: { all: [number, ...named] }, access: 'range' };
  },
};

/**
 * Indexes a Quantity. A comparator makes it an open range: `< 5.4` excludes 5.4, so that `eb5.4` finds it but `ge5.4`
 * and `gt5.4` do not; `<= 5.4` includes it, so that `ge5.4` finds it.
 */
function addQuantity(value: Json, add: AddRow): void {
  const number = isObject(value) ? readNumber(value['value']) : undefined;
  if (!isObject(value) || number === undefined) return;
  const [low, high] = ENDS.get(value['comparator'])?.(number) ?? [number, number];
  add([low, high, ...unitOf(value)]);
}

/** Returns the next smaller double. */
function justBelow(number: number): number {
  return -justAbove(-number);
}

function addMoney(value: Json, add: AddRow): void {
  const number = isObject(value) ? readNumber(value['value']) : undefined;
  if (!isObject(value) || number === undefined) return;
  const currency = text(value['currency']);
  add([number, number, currency === '' ? '' : CURRENCIES, currency, currency]);
}

/** Both ends of a Range have the same unit. */
function addRange(value: Json, add: AddRow): void {
  const range = readRange(value);
  if (!isObject(value) || range === undefined) return;
  const end = [value['low'], value['high']].find(isObject);
  add([range.low, range.high, ...unitOf(end ?? {})]);
}

function unitOf(value: JsonObject): [system: string, code: string, unit: string] {
  return [text(value['system']), text(value['code']), text(value['unit'])];
}

function text(value: Json | undefined): string {
  return typeof value === 'string' ? bounded(value, LONGEST) : '';
}
