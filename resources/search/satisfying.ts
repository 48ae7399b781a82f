import type { Connection } from '../connection.ts';
import { conditionOf, everyResource } from './condition.ts';
import { all, list, literal, padded, sql } from './fragment.ts';
import type { Criterion, Fragment, RowsCriterion } from './plan.ts';
import { holds } from './row-test.ts';
import { INDEX_TABLES, type IndexRow, type IndexRows } from './tables.ts';
import { query } from './versions.ts';

/** One version of a resource, as criteria look at it. */
export interface Subject {
  id: string;
  /** Milliseconds since the epoch. */
  lastUpdated: number;
  /** The index rows that it gives, whether or not they are stored. */
  rows: IndexRows;
}

type Chain = Extract<Criterion, { test: 'chain' }>;
type Has = Extract<Criterion, { test: 'has' }>;
/** The ids of other resources that satisfy a chain, or to which those of `_has` point. */
type Found = ReadonlyMap<Criterion, ReadonlySet<string>>;

/**
 * Those of the versions that satisfy all criteria, as a search would find them if they were stored: their own values
 * are compared in memory, and what a chain or `_has` says of other resources is asked of the database, once for all.
 */
export async function satisfying<One extends Subject>(
  connection: Connection,
  criteria: readonly Criterion[],
  subjects: readonly One[],
): Promise<One[]> {
  const found = new Map<Criterion, ReadonlySet<string>>();
  for (const criterion of criteria.flatMap(withOthers)) {
    found.set(criterion, await others(connection, criterion, subjects));
  }
  return subjects.filter((subject) => criteria.every((criterion) => satisfies(subject, criterion, found)));
}

/** True where a criterion speaks of other resources than the one that is to satisfy it. */
export function asksForOthers(criteria: readonly Criterion[]): boolean {
  return criteria.some((criterion) => withOthers(criterion).length > 0);
}

/** The parts of a criterion that speak of other resources. */
function withOthers(criterion: Criterion): (Chain | Has)[] {
  switch (criterion.test) {
    case 'chain':
    case 'has':
      return [criterion];
    case 'any':
    case 'all':
      return criterion.of.flatMap(withOthers);
    case 'not':
      return withOthers(criterion.of);
    default:
      return [];
  }
}

function satisfies(subject: Subject, criterion: Criterion, found: Found): boolean {
  switch (criterion.test) {
    case 'resource':
      return holds(criterion.where, (column) => (column === 'id' ? subject.id : subject.lastUpdated));
    case 'rows':
      return matching(subject, criterion).length > 0;
    case 'composite':
      return inOneElement(criterion.parts.map((part) => matching(subject, part)));
    case 'chain':
      return targets(subject, criterion).some((id) => found.get(criterion)?.has(id));
    case 'has':
      return found.get(criterion)?.has(subject.id) === true;
    case 'any':
      return criterion.of.some((each) => satisfies(subject, each, found));
    case 'all':
      return criterion.of.every((each) => satisfies(subject, each, found));
    case 'not':
      return !satisfies(subject, criterion.of, found);
  }
}

/** The places of a table's columns in a row, behind the parameter's number. */
const PLACES = new Map(
  INDEX_TABLES.map(({ name, columns }) => [name, new Map(columns.map((column, index) => [column.name, index + 1]))]),
);

function matching({ rows }: Subject, { table, param, where }: RowsCriterion): IndexRow[] {
  const places = PLACES.get(table);
  const own = (rows.get(table) ?? []).filter((row) => row[0] === param);
  if (where === undefined) return own;
  return own.filter((row) => holds(where, (column) => row[places?.get(column) ?? -1] ?? ''));
}

/** True where one row of each part was read from the same element: their edges share a bit above the lowest two. */
function inOneElement([first = [], ...rest]: IndexRow[][]): boolean {
  const elements = (rows: IndexRow[]) => rows.map((row) => BigInt(row.at(-1) ?? 0) >> 2n);
  const shared = rest.reduce(
    (known, rows) => known.flatMap((bits) => elements(rows).map((other) => bits & other)),
    elements(first),
  );
  return shared.some((bits) => bits !== 0n);
}

/** The ids of a subject's references to the type of a chain. */
function targets({ rows }: Subject, { param, pointers }: Chain): string[] {
  const own = rows.get('search_reference') ?? [];
  return own.flatMap(([number, target, type]) =>
    number === param && pointers.includes(String(type)) ? [String(target)] : [],
  );
}

const IDS_A_QUERY = 256;

async function others(
  connection: Connection,
  criterion: Chain | Has,
  subjects: readonly Subject[],
): Promise<Set<string>> {
  const chained = criterion.test === 'chain';
  const asked = subjects.flatMap((subject) => (chained ? targets(subject, criterion) : [subject.id]));
  const ids = [...new Set(asked)];
  const found = new Set<string>();
  for (let start = 0; start < ids.length; start += IDS_A_QUERY) {
    const some = list(padded(ids.slice(start, start + IDS_A_QUERY)));
    const select = chained ? satisfyingIds(criterion, some) : idsPointedTo(criterion, some);
    for (const { id } of await query<{ id: string }>(connection, select)) found.add(id);
  }
  return found;
}

function satisfyingIds({ type, criteria }: Chain, ids: Fragment): Fragment {
  const { from, where } = everyResource(type);
  const conditions = all([where, sql`r.id IN (${ids})`, ...criteria.map((each) => conditionOf(each, true))]);
  return sql`SELECT r.id FROM ${from} WHERE ${conditions}`;
}

function idsPointedTo({ param, pointers, criteria }: Has, ids: Fragment): Fragment {
  const pointing = sql`r.param = ${param} AND r.target IN (${ids}) AND r.target_type IN (${list(pointers)})`;
  const conditions = all([pointing, ...criteria.map((each) => conditionOf(each, false))]);
  return sql`SELECT DISTINCT r.target AS id FROM ${literal('search_reference r')} WHERE ${conditions}`;
}
