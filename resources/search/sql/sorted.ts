import type { Connection } from '../../storage/connection.ts';
import { columnType, HIGHEST, LOWEST } from '../index/tables.ts';
import { tiesDescend } from '../parameters/order.ts';
import type { Criterion, Fragment, ParsedSearch, Position, SortKey } from '../plan.ts';
import { conditionOf, everyResource, type Source, selectKeys } from './condition.ts';
import { all, any, join, literal, sql } from './fragment.ts';
import type { LedSearch } from './lead.ts';
import { type FoundRow, mostOfEach, query, versionsOf } from './versions.ts';

/**
 * Returns a page of many matches sorted by one parameter: reads its rows in index order from where the last page ended;
 * resources without a value follow in key order.
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
  return query(connection, versionsOf(keys, `m.v${direction}, m.key${direction}`, { most: mostOfEach(plan) }));
}

/** Returns the rows that a sort reads: for each resource that with its lowest (descending: highest) value. */
function rowsOf(key: SortKey, type: string): Source {
  if (key.param === undefined) return everyResource(type);
  const edge = literal(String(key.descending ? HIGHEST : LOWEST));
  return {
    from: sql`${literal(key.table)} r`,
    where: sql`r.param = ${key.param} AND (r.edge & ${edge}) <> 0`,
    own: false,
    access: 'range',
  };
}

function walkRest(
  connection: Connection,
  plan: ParsedSearch,
  key: SortKey,
  after: number | undefined,
  count: number,
): Promise<FoundRow[]> {
  const present: Criterion = {
    test: 'rows',
    table: key.table,
    param: key.param ?? 0,
    where: undefined,
    access: 'scan',
  };
  const keys = selectKeys(everyResource(plan.type), [...plan.criteria, { test: 'not', of: present }]);
  const later = after === undefined ? literal('') : sql` AND r.key ${literal(key.descending ? '<' : '>')} ${after}`;
  const order = key.descending ? ' DESC' : '';
  const page = sql`${keys}${later} ORDER BY ${literal(`r.key${order}`)} LIMIT ${count}`;
  return query(connection, versionsOf(page, `r.key${order}`, { most: mostOfEach(plan) }));
}

/**
 * Returns a page of many matches sorted by several parameters. All matches and values are merged by key: neither
 * database knows that both are many, and SQLite would scan all of one for each of the other.
 */
export function joined(connection: Connection, { plan, source, rest }: LedSearch): Promise<FoundRow[]> {
  const { sort, type, after } = plan;
  const nothing = sort.map(({ column, table }) => literal(`CAST(NULL AS ${SQL_TYPES[columnType(table, column)]})`));
  const matches = sql`SELECT k.key, 1 AS hit, ${numbered(nothing)} FROM (${selectKeys(source, rest)}) k`;
  const values = sort.map((key, index) => {
    const source = rowsOf(key, type);
    const columns = nothing.with(index, literal(`r.${key.column}`));
    return sql`SELECT r.key, 0 AS hit, ${numbered(columns)} FROM ${source.from} WHERE ${source.where}`;
  });
  const merged = sql`SELECT u.key, ${numbered(sort.map((_, index) => literal(`max(u.v${index})`)))}
    FROM (${join([matches, ...values], ' UNION ALL ')}) u GROUP BY u.key HAVING max(u.hit) = 1`;
  const later = after === undefined ? literal('') : sql` WHERE ${laterThan(sort, after)}`;
  const order = orderOf(sort);
  const page = sql`SELECT * FROM (${merged}) m${later} ORDER BY ${literal(order)} LIMIT ${plan.count + 1}`;
  return query(connection, versionsOf(page, order, { most: mostOfEach(plan) }));
}

const SQL_TYPES = { text: 'text', integer: 'bigint', real: 'double precision' };

function numbered(columns: Fragment[]): Fragment {
  return join(
    columns.map((column, index) => sql`${column} AS ${literal(`v${index}`)}`),
    ', ',
  );
}

function orderOf(sort: SortKey[]): string {
  const values = sort.map(({ descending }, index) => `m.v${index} IS NULL, m.v${index}${descending ? ' DESC' : ''}`);
  return [...values, `m.key${tiesDescend(sort) ? ' DESC' : ''}`].join(', ');
}

/**
 * Returns the condition for coming after a position: greater in one value and equal in all before it. Nulls come last.
 */
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
