import { Failure } from '../../errors.ts';
import { splitEscaped } from '../index/text.ts';
import type { Criterion } from '../plan.ts';
import type { RowTest } from '../sql/row-test.ts';

/** Maximum number of values in a search, over all its parameters. */
const MOST_SOUGHT = 1000;
/** Maximum number of values that need a scan of all rows of a parameter. */
const MOST_SCANNED = 50;
/** Maximum bindings of a search, without codes of terminology. A query may bind them twice; SQLite allows 32,766. */
const MOST_BOUND = 5000;
/** Bindings of a chain or line, besides those of its criteria. */
const OF_A_WAY = 6;

/** The size of a search. */
interface Extent {
  sought: number;
  scanned: number;
  bound: number;
}

/**
 * Throws a `parameter` Failure if a search is too expensive to run while other callers wait.
 * @param limits the criteria among them that limit the caller's access; their values do not count as the caller's own
 */
export function refuseExcess(criteria: readonly Criterion[], limits: ReadonlySet<Criterion>): void {
  const { sought, scanned, bound } = sum(criteria.map((each) => extentOf(each, limits)));
  if (sought > MOST_SOUGHT)
    throw new Failure('parameter', `A search can have at most ${MOST_SOUGHT} values: use fewer.`);
  if (scanned > MOST_SCANNED) {
    const which = 'that scan all texts or codes, as with :contains';
    throw new Failure('parameter', `A search can have at most ${MOST_SCANNED} values ${which}: use fewer.`);
  }
  if (bound > MOST_BOUND) throw tooMuch();
}

/** A long value counts once more for each of these characters. */
const OF_A_VALUE = 1000;

/**
 * Counts values before they are parsed, and throws like `refuseExcess` once there are more than any search may have: in
 * chains without types, a value is parsed once for each of very many types.
 */
export function counting(): (value: string) => void {
  let left = MOST_BOUND;
  return (value) => {
    left -= 1 + Math.floor(value.length / OF_A_VALUE);
    if (value.includes(',')) left -= splitEscaped(value, ',').length;
    if (left < 0) throw tooMuch();
  };
}

function tooMuch(): Failure {
  const remedy = 'use fewer values, and specify the types in chains (subject:Patient.name)';
  return new Failure('parameter', `This search is too large: ${remedy}.`);
}

function extentOf(criterion: Criterion, limits: ReadonlySet<Criterion>): Extent {
  const extent = asked(criterion, limits);
  return limits.has(criterion) ? { sought: 0, scanned: 0, bound: extent.bound } : extent;
}

function asked(criterion: Criterion, limits: ReadonlySet<Criterion>): Extent {
  const each = (of: readonly Criterion[]) => of.map((one) => extentOf(one, limits));
  switch (criterion.test) {
    case 'rows':
    case 'resource': {
      const { where, access } = criterion;
      if (where === undefined) return values(0, 1);
      const sought = valuesOf(where);
      // The values that they allow for the first column may be added as a list.
      const bound = 1 + bindingsOf(where) + ('any' in where ? where.any.length : 0);
      return { sought, scanned: access === 'scan' ? sought : 0, bound };
    }
    case 'composite':
      return sum(each(criterion.parts));
    case 'term': {
      const { asks } = criterion;
      return values('sets' in asks ? asks.sets.length : asks.concepts.length, 1);
    }
    case 'line': {
      const { from, criteria } = criterion.line;
      return sum([values(from.length, 2 * from.length + OF_A_WAY), ...each(criteria)]);
    }
    case 'chain':
    case 'has':
      return sum([values(0, OF_A_WAY), ...each(criterion.criteria)]);
    case 'any': {
      const ways = each(criterion.of);
      // The rows of one parameter may be in several tables, and each value is searched in all of them.
      return criterion.of.every(({ test }) => test === 'rows') ? most(ways) : sum(ways);
    }
    case 'all':
      return sum(each(criterion.of));
    case 'not':
    case 'silent':
      return extentOf(criterion.of, limits);
  }
}

function values(sought: number, bound: number): Extent {
  return { sought, scanned: 0, bound };
}

function sum(extents: readonly Extent[]): Extent {
  const total = values(0, 0);
  for (const { sought, scanned, bound } of extents) {
    total.sought += sought;
    total.scanned += scanned;
    total.bound += bound;
  }
  return total;
}

function most(extents: readonly Extent[]): Extent {
  const sought = Math.max(0, ...extents.map((each) => each.sought));
  const scanned = Math.max(0, ...extents.map((each) => each.scanned));
  return { sought, scanned, bound: sum(extents).bound };
}

/** Returns the number of alternatives in a test, without those added by padding. */
function valuesOf(test: RowTest): number {
  if ('any' in test) return [...new Set(test.any)].reduce((total, one) => total + valuesOf(one), 0);
  if ('all' in test) return Math.max(1, ...test.all.map(valuesOf));
  if ('not' in test) return valuesOf(test.not);
  return 'in' in test ? new Set(test.in).size : 1;
}

/** Returns the number of bindings of a test. */
function bindingsOf(test: RowTest): number {
  if ('any' in test) return test.any.reduce((total, one) => total + bindingsOf(one), 0);
  if ('all' in test) return test.all.reduce((total, one) => total + bindingsOf(one), 0);
  if ('not' in test) return bindingsOf(test.not);
  if ('in' in test) return test.in.length;
  if ('within' in test) return 2 * test.columns.length + 1;
  return 'startsWith' in test ? 2 : 1;
}
