import type { Connection } from '../connection.ts';
import { conditionOf, everyResource, type Source, selectKeys } from './condition.ts';
import { all, any, join, literal, sql } from './fragment.ts';
import type { LedSearch } from './lead.ts';
import { tiesDescend } from './order.ts';
import type { Criterion, Fragment, ParsedSearch, Position, SortKey } from './plan.ts';
import { HIGHEST, LOWEST } from './tables.ts';
import { type FoundRow, query, versionsOf } from './versions.ts';

/**
 * A page of many matches in the order of one parameter: its rows are walked in the order of the index, from
 * where the last page ended; resources without a value follow in the order of their keys.
 */
export async function walked(connection: Connection, plan: ParsedSearch): Promise<FoundRow[]> {
  const [key] = plan.sort;
  if (key === undefined) return [];
  const amongValues = plan.after === undefined || plan.after.values[0] !== null;
  const found = amongValues ? await walkValues(connection, plan, key) : [];
  const missing = plan.count + 1 - found.length;
  if (missing === 0 || key.param === undefined) return found;
  return [...found, ...(await walkRest(connection, plan, key, amongValues ? undefined : plan.after?.key, missing))];
}

function walkValues(connection: Connection, plan: ParsedSearch, key: SortKey): Promise<FoundRow[]> {
  const source = rowsOf(key, plan.type);
  const column = literal(`r.${key.column}`);
  const beyond = literal(key.descending ? '<' : '>');
  const value = plan.after?.values[0];
  const conditions = [
    source.where,
    ...plan.criteria.map((each) => conditionOf(each, source.own)),
    ...(plan.after === undefined || value === undefined
      ? []
      : [sql`(${column}, r.key) ${beyond} (${value}, ${plan.after.key})`]),
  ];
  const direction = key.descending ? ' DESC' : '';
  const keys = sql`SELECT r.key, ${column} AS v FROM ${source.from} WHERE ${all(conditions)}
    ORDER BY ${literal(`r.${key.column}${direction}, r.key${direction}`)} LIMIT ${plan.count + 1}`;
  return query(connection, versionsOf(keys, `m.v${direction}, m.key${direction}`));
}

/** The rows that a sort walks: of each resource that with its lowest value, or its highest where it descends. */
function rowsOf(key: SortKey, type: string): Source {
  if (key.param === undefined) return everyResource(type);
  return { from: sql`${literal(key.table)} r`, where: sql`r.param = ${key.param} AND ${isEdge('r', key)}`, own: false };
}

function isEdge(alias: string, { descending }: SortKey): Fragment {
  return literal(`(${alias}.edge & ${descending ? HIGHEST : LOWEST}) <> 0`);
}

function walkRest(
  connection: Connection,
  plan: ParsedSearch,
  key: SortKey,
  after: number | undefined,
  count: number,
): Promise<FoundRow[]> {
  const present: Criterion = { test: 'rows', table: key.table, param: key.param ?? 0, where: undefined, point: false };
  const keys = selectKeys(everyResource(plan.type), [...plan.criteria, { test: 'not', of: present }]);
  const later = after === undefined ? literal('') : sql` AND r.key ${literal(key.descending ? '<' : '>')} ${after}`;
  const order = key.descending ? ' DESC' : '';
  const page = sql`${keys}${later} ORDER BY ${literal(`r.key${order}`)} LIMIT ${count}`;
  return query(connection, versionsOf(page, `r.key${order}`));
}

/** A page of many matches in the order of several parameters: all matches are gathered with their values. */
export function joined(connection: Connection, { plan, source, rest }: LedSearch): Promise<FoundRow[]> {
  const { sort, type, after } = plan;
  const values = sort.map((key, index) => literal(`s${index}.${key.column} AS v${index}`));
  const tables = sort.map((key, index) => joinOf(key, `s${index}`, type));
  const matches = sql`SELECT k.key, ${join(values, ', ')} FROM (${selectKeys(source, rest)}) k ${join(tables, ' ')}`;
  const tie = tiesDescend(sort) ? ' DESC' : '';
  const order = [
    ...sort.map(({ descending }, index) => `m.v${index} IS NULL, m.v${index}${descending ? ' DESC' : ''}`),
    `m.key${tie}`,
  ].join(', ');
  const later = after === undefined ? literal('') : sql` WHERE ${laterThan(sort, after)}`;
  const page = sql`SELECT * FROM (${matches}) m${later} ORDER BY ${literal(order)} LIMIT ${plan.count + 1}`;
  return query(connection, versionsOf(page, order));
}

function joinOf(key: SortKey, alias: string, type: string): Fragment {
  const table = literal(`LEFT JOIN ${key.table} ${alias} ON ${alias}.key = k.key`);
  if (key.param === undefined) return sql`${table} AND ${literal(alias)}.type = ${type}`;
  return sql`${table} AND ${literal(alias)}.param = ${key.param} AND ${isEdge(alias, key)}`;
}

/** What stands behind a position: behind in one value and equal in all before it. No value stands last. */
function laterThan(sort: SortKey[], after: Position): Fragment {
  const equal: Fragment[] = [];
  const ways: Fragment[] = [];
  sort.forEach(({ descending }, index) => {
    const column = literal(`m.v${index}`);
    const value = after.values[index] ?? null;
    if (value === null) {
      equal.push(sql`${column} IS NULL`);
      return;
    }
    ways.push(all([...equal, sql`(${column} ${literal(descending ? '<' : '>')} ${value} OR ${column} IS NULL)`]));
    equal.push(sql`${column} = ${value}`);
  });
  ways.push(all([...equal, sql`m.key ${literal(tiesDescend(sort) ? '<' : '>')} ${after.key}`]));
  return any(ways);
}
