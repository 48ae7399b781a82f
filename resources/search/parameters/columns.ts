import { Failure } from '../../errors.ts';
import { storable, unescaped } from '../index/text.ts';
import { date } from '../kinds/date.ts';
import type { Access, Criterion } from '../plan.ts';
import { padded } from '../sql/fragment.ts';
import { is, type RowTest } from '../sql/row-test.ts';
import { alternatives, isMissing, quoted, understand } from './values.ts';

interface Column {
  access: Access;
  modifiers: string[];
  condition(values: string[], context: { base: string; now: number }): RowTest;
}

/** The search parameters that are columns of `resource` rather than index rows. */
export const COLUMNS: ReadonlyMap<string, Column> = new Map([
  ['_id', { access: 'seek', modifiers: ['missing', 'not'], condition: hasId }],
  ['_lastUpdated', { access: 'range', modifiers: ['missing'], condition: wasUpdated }],
]);

/** Parses `_id` or `_lastUpdated`. Throws `unknown-parameter` and `parameter` Failures. */
export function parseColumn(
  code: string,
  { access, modifiers, condition }: Column,
  modifier: string | undefined,
  value: string,
  context: { base: string; now: number },
): Criterion {
  if (modifier !== undefined && !modifiers.includes(modifier)) {
    const known = modifiers.map((each) => `:${each}`).join(', ');
    throw new Failure('unknown-parameter', `${code} has no modifier ${quoted(modifier)}. It has: ${known}.`);
  }
  if (modifier === 'missing') return isMissing(code, value) ? { test: 'any', of: [] } : { test: 'all', of: [] };
  const found: Criterion = { test: 'resource', where: condition(alternatives(code, value), context), access };
  return modifier === 'not' ? { test: 'not', of: found } : found;
}

/** Returns false for a criterion that every resource of the type satisfies, such as `_id:missing=false`. */
export function isEffective(criterion: Criterion): boolean {
  return criterion.test !== 'all' || criterion.of.length > 0;
}

function hasId(values: string[]): RowTest {
  return { column: 'id', in: padded(values.map((value) => storable(unescaped(value)))) };
}

/** The interval of an instant is its millisecond, so that `high > x` is `last_updated >= x`. */
function wasUpdated(values: string[], { base, now }: { base: string; now: number }): RowTest {
  const context = { base, now, modifier: undefined, types: new Set(['instant']) };
  const tests = values.map((value) => atInstant(understand('_lastUpdated', date, value, context).where));
  return { any: padded(tests) };
}

function atInstant(test: RowTest): RowTest {
  if ('all' in test) return { all: test.all.map(atInstant) };
  if ('any' in test) return { any: test.any.map(atInstant) };
  if (!('is' in test)) throw new Error('A date is only compared');
  const { column, is: comparison, value } = test;
  if (column === 'low') return is('last_updated', comparison, value);
  return is('last_updated', comparison === '>' ? '>=' : '<', value);
}
