import { Failure } from '../errors.ts';
import { any, list, padded, sql } from './fragment.ts';
import { date } from './kinds/date.ts';
import type { Access, Criterion, Fragment } from './plan.ts';
import { storable, unescaped } from './text.ts';
import { alternatives, isMissing, quoted, understand } from './values.ts';

interface Column {
  access: Access;
  modifiers: string[];
  condition(values: string[], context: { base: string; now: number }): Fragment;
}

/** The parameters that are columns of every resource, not rows of an index. */
export const COLUMNS: ReadonlyMap<string, Column> = new Map([
  ['_id', { access: 'seek', modifiers: ['missing', 'not'], condition: hasId }],
  ['_lastUpdated', { access: 'range', modifiers: ['missing'], condition: wasUpdated }],
]);

/** Understands `_id` or `_lastUpdated`. Throws `unknown-parameter` and `parameter` Failures. */
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

function hasId(values: string[]): Fragment {
  return sql`id IN (${list(padded(values.map((value) => storable(unescaped(value)))))})`;
}

/** The stretch of an instant is its millisecond, so that `high > x` is `last_updated >= x`. */
function wasUpdated(values: string[], { base, now }: { base: string; now: number }): Fragment {
  const context = { base, now, modifier: undefined, types: new Set(['instant']) };
  const conditions = values.map((value) => {
    const { where } = understand('_lastUpdated', date, value, context);
    const text = where.sql
      .replaceAll('high > ?', 'last_updated >= ?')
      .replaceAll('high <= ?', 'last_updated < ?')
      .replaceAll('low ', 'last_updated ');
    return { sql: text, bindings: where.bindings };
  });
  return any(padded(conditions));
}
