import type { SearchPage } from '../engine.ts';
import type { Connection } from '../storage/connection.ts';
import { versionOf } from '../storage/version-row.ts';
import { writeCursor } from './cursor.ts';
import { comparePositions, positionOf } from './parameters/order.ts';
import type { Fragment, ParsedSearch, Position } from './plan.ts';
import { keyOf, keysOfType, selectKeys } from './sql/condition.ts';
import { literal, sql } from './sql/fragment.ts';
import { type LedSearch, leadSearch, MANY } from './sql/lead.ts';
import { joined, walked } from './sql/sorted.ts';
import { completed, type FoundRow, fitting, mostOfEach, portionsOf, query, versionsOf } from './sql/versions.ts';
import { expanded } from './terminology/expand.ts';

/** Bytes of text read at once for a sort in memory, if the page has no byte limit. */
const AT_ONCE = 8 * 1024 * 1024;

/** The matches of a page and, if there are more, the first match of the next page. */
interface Found {
  rows: FoundRow[];
  total: number | undefined;
}

/**
 * Runs a search and returns one page of its matches, ordered by `_sort` or by creation. Uses keyset paging: resources
 * created in the meantime neither repeat nor hide others, and a late page costs no more than the first.
 */
export async function runSearch(connection: Connection, plan: ParsedSearch): Promise<SearchPage> {
  const criteria = await expanded(connection, plan.criteria);
  const led = await leadSearch(connection, { ...plan, criteria });
  if (plan.count === 0) return { matches: [], total: await countAll(connection, led), next: undefined };
  const page = await pageOf(connection, led);
  if (plan.total === 'none') return { ...page, total: undefined };
  if (plan.total === 'accurate' && page.total === undefined) return { ...page, total: await countAll(connection, led) };
  return page;
}

/** Removes the rows of a table that belong to the matches of a search. */
export async function removeFound(connection: Connection, table: string, plan: ParsedSearch): Promise<void> {
  const criteria = await expanded(connection, plan.criteria);
  const removal = sql`DELETE FROM ${literal(table)} WHERE key IN (${keysOfType(plan.type, criteria)})`;
  await connection.run(removal.sql, removal.bindings);
}

/**
 * Returns a page within its byte limit. If all texts are short, one query is enough; otherwise that query tells how
 * many matches fit, and only the texts of those are read afterwards.
 */
async function pageOf(connection: Connection, led: LedSearch): Promise<SearchPage> {
  const { plan } = led;
  const { rows, total } = plan.sort.length === 0 ? await byKey(connection, led) : await sorted(connection, led);
  const count = fitting(plan, rows);
  const matches = (await completed(connection, rows.slice(0, count))).map(versionOf);
  const last = matches.at(-1);
  const next = rows.length > count && last ? writeCursor(plan.fingerprint(), positionOf(plan.sort, last)) : undefined;
  return { matches, total, next };
}

/** Reads the page, and the total if it is small, in one query. */
async function byKey(connection: Connection, led: LedSearch): Promise<Found> {
  const { plan } = led;
  const rows = await query<FoundRow>(connection, led.inOrder.access === 'scan' ? gathered(led) : streamed(led));
  const whole = plan.after === undefined && rows.length <= plan.count;
  return { rows, total: whole ? rows.length : few(rows[0]?.total) };
}

/** Builds a query in which the page and the count each stop as early as they can. */
function streamed({ plan, source, inOrder, rest }: LedSearch): Fragment {
  const later = plan.after === undefined ? literal('') : sql` AND r.key > ${plan.after.key}`;
  const order = keyOf(inOrder.access);
  const keys = selectKeys(inOrder, rest);
  const page = sql`${keys}${later} ORDER BY ${order} LIMIT ${plan.count + 1}`;
  const all = source === inOrder ? keys : selectKeys(source, rest);
  const total = plan.total === 'estimate' ? sql`(${countUpToMany(all)}) AS total` : undefined;
  return versionsOf(page, 'r.key', { extra: total, most: mostOfEach(plan) });
}

/**
 * Builds a query for when finding the keys dominates the cost: they are materialized once for the page and the count.
 */
function gathered({ plan, source, rest }: LedSearch): Fragment {
  const later = plan.after === undefined ? literal('') : sql` WHERE f.key > ${plan.after.key}`;
  const page = sql`SELECT f.key FROM f${later} ORDER BY f.key LIMIT ${plan.count + 1}`;
  const total = plan.total === 'estimate' ? literal('(SELECT count(*) FROM f) AS total') : undefined;
  const versions = versionsOf(page, 'r.key', { extra: total, most: mostOfEach(plan) });
  return sql`WITH f AS MATERIALIZED (${selectKeys(source, rest)}) ${versions}`;
}

/** Sorts a few matches in memory. With many matches and one sort parameter, only those of the page are read. */
async function sorted(connection: Connection, led: LedSearch): Promise<Found> {
  const { plan, source, rest } = led;
  const keys = selectKeys(source, rest);
  const [counted] = await query<{ n: number }>(connection, countUpToMany(keys));
  const total = few(counted?.n);
  if (total !== undefined && plan.criteria.length > 0) {
    const most = Math.floor((plan.bytes ?? AT_ONCE) / Math.max(total, 1));
    const all = versionsOf(sql`${keys} LIMIT ${MANY}`, 'r.key', { most });
    return inMemory(connection, plan, await query<FoundRow>(connection, all));
  }
  const rows = plan.sort.length === 1 ? await walked(connection, plan) : await joined(connection, led);
  return { rows, total };
}

/** Texts that the query left out for their size are read in portions, only for their sort values. */
async function inMemory(connection: Connection, plan: ParsedSearch, found: FoundRow[]): Promise<Found> {
  const { sort, after, count, bytes = AT_ONCE } = plan;
  const placed: { row: FoundRow; place: Position }[] = [];
  for (const portion of portionsOf(found, bytes)) {
    const rows = new Map(portion.map((row) => [row.key, row]));
    for (const whole of await completed(connection, portion)) {
      placed.push({ row: rows.get(whole.key) ?? whole, place: positionOf(sort, versionOf(whole)) });
    }
  }
  placed.sort((left, right) => comparePositions(sort, left.place, right.place));
  const later = after === undefined ? placed : placed.filter(({ place }) => comparePositions(sort, after, place) < 0);
  return { rows: later.slice(0, count + 1).map(({ row }) => row), total: found.length };
}

async function countAll(connection: Connection, { source, rest }: LedSearch): Promise<number> {
  const [row] = await query<{ n: number | string }>(
    connection,
    sql`SELECT count(*) AS n FROM (${selectKeys(source, rest)}) k`,
  );
  return Number(row?.n ?? 0);
}

function countUpToMany(keys: Fragment): Fragment {
  return sql`SELECT count(*) AS n FROM (${keys} LIMIT ${literal(String(MANY + 1))}) k`;
}

/** Returns a count that reached its end; undefined for one that stopped at the limit. */
function few(counted: number | string | null | undefined): number | undefined {
  return counted === null || counted === undefined || Number(counted) > MANY ? undefined : Number(counted);
}
