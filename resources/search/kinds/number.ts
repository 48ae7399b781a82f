import { Decimal, isObject, type Json } from '../../json/value.ts';
import { is, type RowTest } from '../sql/row-test.ts';
import { type ImpliedRange, parseNumber } from './implied-range.ts';
import { type AddRow, BadValue, type SearchKind } from './kind.ts';
import { type Prefix, splitPrefix } from './prefix.ts';

/** Stands for an open end: the largest double, so that no row holds an infinity. */
export const OPEN = Number.MAX_VALUE;

const TYPES = new Set(['integer', 'positiveInt', 'unsignedInt', 'decimal']);

/** number: a search value stands for the range that its figures imply (FHIR R4 §3.1.1.4.6). */
export const number: SearchKind = {
  table: 'search_quantity',
  modifiers: () => [],

  reader(type) {
    if (type === 'Range') return addRange;
    if (!TYPES.has(type)) return undefined;
    return (value, add) => {
      const read = readNumber(value);
      if (read !== undefined) add([read, read, '', '', '']);
    };
  },

  parse(text) {
    return { where: numberCondition(text), access: 'range' };
  },
};

function addRange(value: Json, add: AddRow): void {
  const range = readRange(value);
  if (range !== undefined) add([range.low, range.high, '', '', '']);
}

/** Returns the ends of a Range; a missing one is open. Undefined if both are missing. */
export function readRange(value: Json): { low: number; high: number } | undefined {
  if (!isObject(value)) return undefined;
  const [low, high] = [value['low'], value['high']].map((end) =>
    isObject(end) ? readNumber(end['value']) : undefined,
  );
  return low === undefined && high === undefined ? undefined : { low: low ?? -OPEN, high: high ?? OPEN };
}

/** Returns the number in a JSON value; undefined for anything else. */
export function readNumber(value: Json | undefined): number | undefined {
  const read = value instanceof Decimal ? Number(value.text) : value;
  return typeof read === 'number' && Number.isFinite(read) ? read : undefined;
}

/** Parses `[prefix]number` to a test of the rows' ranges. Throws BadValue. */
export function numberCondition(text: string): RowTest {
  const [prefix, rest] = splitPrefix(text);
  const range = parseNumber(rest);
  if (range === undefined)
    throw new BadValue('must be a number such as 100, 5.40 or 1e-3, after any prefix such as ge');
  return compare(prefix, range);
}

/**
 * FHIR R4 §3.1.1.4.5: except for `eq`, `ne` and `ap`, the number is exact. A row includes both of its ends: `ge` and
 * `le` match a range that reaches the number, `sa` and `eb` one that lies entirely beyond it.
 */
function compare(prefix: Prefix, { value, low, high, margin }: ImpliedRange): RowTest {
  switch (prefix) {
    case 'eq':
      return { all: [is('low', '>=', low), is('low', '<', high), is('high', '<', high)] };
    case 'ne':
      return { any: [is('low', '<', low), is('high', '>=', high)] };
    case 'gt':
      return is('high', '>', value);
    case 'lt':
      return is('low', '<', value);
    case 'ge':
      return is('high', '>=', value);
    case 'le':
      return is('low', '<=', value);
    case 'sa':
      return is('low', '>', value);
    case 'eb':
      return is('high', '<', value);
    case 'ap':
      return { all: [is('low', '<=', margin.high), is('high', '>=', margin.low)] };
  }
}
