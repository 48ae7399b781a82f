import type { Connection } from '../storage/connection.ts';
import { edgeOf } from './index/rows.ts';
import { ELEMENT_GROUPS, INDEX_TABLES, type IndexRow, type IndexRows, partNumbers } from './index/tables.ts';
import { nameIn, namesOf, referencesTo, resourcesNamed } from './parameters/naming.ts';
import type { CompositeCriterion, Criterion, RowsCriterion } from './plan.ts';
import { conditionOf, keysOfLine } from './sql/condition.ts';
import { all, sql } from './sql/fragment.ts';
import { holds } from './sql/row-test.ts';
import { query } from './sql/versions.ts';
import { asksForTerms, expanded } from './terminology/expand.ts';

/** A version of a resource, as criteria see it. */
export interface Subject {
  id: string;
  /** Milliseconds since the epoch. */
  lastUpdated: number;
  /** The index rows that its content gives, stored or not. */
  rows: IndexRows;
}

/** Criteria about the resources that a reference points to. */
type Chain = Extract<Criterion, { test: 'chain' | 'line' }>;
type Has = Extract<Criterion, { test: 'has' }>;
/** For each criterion, the names of the other resources that satisfy it, or that the matches of `_has` point to. */
type Found = ReadonlyMap<Criterion, ReadonlySet<string>>;

/**
 * Returns the versions that satisfy all criteria, as a search would if they were stored. Their own values are compared
 * in memory; conditions on other resources (chain, line, `_has`) are queried once for all versions.
 */
export async function satisfying<One extends Subject>(
  connection: Connection,
  criteria: readonly Criterion[],
  subjects: readonly One[],
): Promise<One[]> {
  const found = new Map<Criterion, ReadonlySet<string>>();
  const whole = await expanded(connection, criteria);
  for (const criterion of whole.flatMap(withOthers)) {
    found.set(criterion, await others(connection, criterion, subjects));
  }
  return subjects.filter((subject) => whole.every((criterion) => satisfies(subject, criterion, found)));
}

/** Returns true if a criterion depends on resources other than the one that it is applied to. */
export function asksForOthers(criteria: readonly Criterion[]): boolean {
  return criteria.some((criterion) => asksForTerms(criterion) || withOthers(criterion).length > 0);
}

/** Returns the parts of a criterion that depend on other resources. */
function withOthers(criterion: Criterion): (Chain | Has)[] {
  switch (criterion.test) {
    case 'chain':
    case 'line':
    case 'has':
      return [criterion];
    case 'any':
    case 'all':
      return criterion.of.flatMap(withOthers);
    case 'not':
    case 'silent':
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
      return inOneElement(subject, criterion);
    case 'chain':
    case 'line':
      return named(subject, criterion).some((name) => found.get(criterion)?.has(name));
    case 'has':
      return namesOf(criterion.naming, subject).some((name) => found.get(criterion)?.has(name));
    case 'any':
      return criterion.of.some((each) => satisfies(subject, each, found));
    case 'all':
      return criterion.of.every((each) => satisfies(subject, each, found));
    case 'not':
      return !satisfies(subject, criterion.of, found);
    case 'term':
    case 'silent':
      throw new Error('Terminology is read before rows are judged by it');
  }
}

/** The position of each column in an index row, after the parameter's number. */
const PLACES = new Map(
  INDEX_TABLES.map(({ name, columns }) => [name, new Map(columns.map((column, index) => [column.name, index + 1]))]),
);

function matching({ rows }: Subject, { table, param, where }: RowsCriterion): IndexRow[] {
  const places = PLACES.get(table);
  const own = (rows.get(table) ?? []).filter((row) => row[0] === param);
  if (where === undefined) return own;
  return own.filter((row) => holds(where, (column) => row[places?.get(column) ?? -1] ?? ''));
}

/** Returns true if one row of each part comes from the same element: the rows are in one group and share a bit. */
function inOneElement(subject: Subject, { parts, repeats }: CompositeCriterion): boolean {
  const groups = Array.from({ length: repeats ? ELEMENT_GROUPS : 1 }, (_, group) => group);
  return groups.some((group) =>
    shareElement(parts.map((part) => matching(subject, { ...part, param: partNumbers(part.param)[group] ?? 0 }))),
  );
}

/** True if an element has a row of each part, which is a bit that some row of each part has. */
function shareElement(parts: IndexRow[][]): boolean {
  const elementsOf = (rows: IndexRow[]) => rows.reduce((bits, row) => bits | (BigInt(edgeOf(row)) >> 2n), 0n);
  const [first = 0n, ...rest] = parts.map(elementsOf);
  return rest.reduce((shared, bits) => shared & bits, first) !== 0n;
}

/** Returns the names by which a subject references resources of the type of a chain. */
function named({ rows }: Subject, { param, naming }: Chain): string[] {
  const own = (rows.get('search_reference') ?? []).filter(([number]) => number === param);
  return own.map((row) => nameIn(naming, row)).filter((name) => name !== undefined);
}

const NAMES_A_QUERY = 256;

async function others(
  connection: Connection,
  criterion: Chain | Has,
  subjects: readonly Subject[],
): Promise<Set<string>> {
  const { naming, param } = criterion;
  const asked = subjects.flatMap((subject) =>
    criterion.test === 'has' ? namesOf(naming, subject) : named(subject, criterion),
  );
  const names = [...new Set(asked)];
  const found = new Set<string>();
  for (let start = 0; start < names.length; start += NAMES_A_QUERY) {
    const some = names.slice(start, start + NAMES_A_QUERY);
    const source = criterion.test === 'has' ? referencesTo(naming, [param], some) : resourcesNamed(naming, some);
    const sought =
      criterion.test === 'line'
        ? [sql`r.key IN (${keysOfLine(criterion.line)})`]
        : criterion.criteria.map((each) => conditionOf(each, source.own));
    const where = all([source.where, ...sought]);
    const select = sql`SELECT DISTINCT ${source.columns} FROM ${source.from} WHERE ${where}`;
    for (const { name, versioned } of await query<{ name: string; versioned?: string | null }>(connection, select)) {
      found.add(name);
      if (typeof versioned === 'string') found.add(versioned);
    }
  }
  return found;
}
