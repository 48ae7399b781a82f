import { compareValues } from '../index/rows.ts';
import type { Fragment } from '../plan.ts';
import { any as anyOf, join, list, literal, sql } from './fragment.ts';

type Value = string | number;
type Comparison = '=' | '<>' | '<' | '<=' | '>' | '>=';

/**
 * A condition on an index row, or on the columns of a resource. It is data, rendered as SQL or evaluated in memory, so
 * that both agree.
 */
export type RowTest =
  | { column: string; is: Comparison; value: Value }
  | { column: string; in: readonly Value[] }
  | { column: string; contains: string }
  | { column: string; startsWith: string }
  /** The distance between the point in the columns and the point `at` is at most `within`. */
  | { columns: readonly string[]; at: readonly number[]; within: number }
  | { not: RowTest }
  | { all: readonly RowTest[] }
  | { any: readonly RowTest[] };

/** Compares a column with a value. */
export function is(column: string, comparison: Comparison, value: Value): RowTest {
  return { column, is: comparison, value };
}

/** Renders the test as SQL; `name` renders a column. */
export function conditionOn(test: RowTest, name: (column: string) => string = (column) => column): Fragment {
  if ('all' in test) {
    if (test.all.length === 0) return literal('1 = 1');
    return sql`(${join(
      test.all.map((each) => conditionOn(each, name)),
      ' AND ',
    )})`;
  }
  if ('any' in test) return anyOf(test.any.map((each) => conditionOn(each, name)));
  if ('not' in test) return sql`NOT (${conditionOn(test.not, name)})`;
  if ('within' in test) {
    const squares = test.columns.map((each, index) => {
      const [column, at] = [literal(name(each)), test.at[index] ?? 0];
      return sql`(${column} - ${at}) * (${column} - ${at})`;
    });
    return sql`${join(squares, ' + ')} <= ${test.within * test.within}`;
  }
  const column = literal(name(test.column));
  if ('is' in test) return sql`${column} ${literal(test.is)} ${test.value}`;
  if ('in' in test) return sql`${column} IN (${list([...test.in])})`;
  if ('contains' in test) {
    // LIKE would compare character by character at each position: minutes for long texts and a few values.
    return sql`replace(${column}, ${test.contains}, '') <> ${column}`;
  }
  const [low, high] = prefixBounds(test.startsWith);
  return sql`(${column} >= ${low} AND ${column} < ${high})`;
}

/** Evaluates the test for one row in memory; `read` returns a column. */
export function holds(test: RowTest, read: (column: string) => Value): boolean {
  if ('all' in test) return test.all.every((each) => holds(each, read));
  if ('any' in test) return test.any.some((each) => holds(each, read));
  if ('not' in test) return !holds(test.not, read);
  if ('within' in test) {
    const squares = test.columns.map((each, index) => {
      const apart = Number(read(each)) - (test.at[index] ?? 0);
      return apart * apart;
    });
    return squares.reduce((sum, square) => sum + square, 0) <= test.within * test.within;
  }
  const value = read(test.column);
  if ('is' in test) return COMPARISONS[test.is](compareValues(value, test.value));
  if ('in' in test) return test.in.includes(value);
  return 'contains' in test ? String(value).includes(test.contains) : String(value).startsWith(test.startsWith);
}

/** Returns the values that a test allows for a column; undefined if it does not restrict them to a list. */
export function valuesLeft(test: RowTest, column: string): readonly Value[] | undefined {
  if ('all' in test) return test.all.map((each) => valuesLeft(each, column)).find((values) => values !== undefined);
  if ('any' in test) {
    const values = test.any.map((each) => valuesLeft(each, column));
    return values.includes(undefined) ? undefined : values.flatMap((each) => each ?? []);
  }
  if ('not' in test || 'within' in test || test.column !== column) return undefined;
  if ('in' in test) return test.in;
  return 'is' in test && test.is === '=' ? [test.value] : undefined;
}

/** Returns the range of texts with a prefix: U+10FFFF is not a character and sorts after all of them. */
function prefixBounds(prefix: string): [string, string] {
  return [prefix, `${prefix}\u{10ffff}`];
}

const COMPARISONS: Record<Comparison, (order: number) => boolean> = {
  '=': (order) => order === 0,
  '<>': (order) => order !== 0,
  '<': (order) => order < 0,
  '<=': (order) => order <= 0,
  '>': (order) => order > 0,
  '>=': (order) => order >= 0,
};
