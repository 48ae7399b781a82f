import type { Connection } from '../../storage/connection.ts';
import { roomFor, VERSION_COLUMNS, type VersionRow } from '../../storage/version-row.ts';
import type { Fragment, ParsedSearch } from '../plan.ts';
import { list, literal, padded, sql } from './fragment.ts';

const COLUMNS = literal(
  VERSION_COLUMNS.split(', ')
    .map((column) => `r.${column}`)
    .join(', '),
);

const ALL_BUT_TEXT = literal(COLUMNS.sql.replace(', r.text', ''));

/** Options of a query for versions. */
export interface Asked {
  /** Further columns. */
  extra?: Fragment | undefined;
  /** Maximum bytes of a text: a longer one is not read, only its size. Undefined: no limit, and no sizes. */
  most?: number | undefined;
}

/**
 * Builds a query for the versions of a few keys.
 * @param keys a query that returns `key` and the columns that `extra` and `order` refer to, under the alias `m`
 */
export function versionsOf(keys: Fragment, order: string, { extra, most }: Asked = {}): Fragment {
  const versions =
    most === undefined
      ? COLUMNS
      : sql`${ALL_BUT_TEXT}, CASE WHEN octet_length(r.text) <= ${most} THEN r.text END AS text,
          octet_length(r.text) AS size`;
  const columns = extra === undefined ? versions : sql`${versions}, ${extra}`;
  return sql`SELECT ${columns} FROM (${keys}) m JOIN resource r ON r.key = m.key ORDER BY ${literal(order)}`;
}

/** Builds a query for current or superseded versions by key. */
function versionsAt(table: 'resource' | 'resource_history', keys: readonly number[]): Fragment {
  return sql`SELECT ${COLUMNS} FROM ${literal(table)} r WHERE r.key IN (${list(padded([...keys]))})`;
}

/**
 * Adds the texts that were left out of rows, in the versions that were found: a later version might not match, or might
 * not be visible to the caller. Rows whose version no longer exists are dropped.
 */
export async function completed(connection: Connection, rows: readonly FoundRow[]): Promise<readonly FoundRow[]> {
  if (!rows.some(isLeftOut)) return rows;
  const whole = new Map<number, VersionRow>();
  for (const table of ['resource', 'resource_history'] as const) {
    const missing = rows.filter((row) => isLeftOut(row) && !whole.has(row.key));
    if (missing.length === 0) break;
    const versions = new Map(missing.map((row) => [row.key, row.version_id]));
    const found = await query<VersionRow>(connection, versionsAt(table, [...versions.keys()]));
    for (const row of found) if (row.version_id === versions.get(row.key)) whole.set(row.key, row);
  }
  return rows.map((row) => ({ ...row, ...whole.get(row.key) })).filter((row) => !isLeftOut(row));
}

/** A version with the additional columns. */
export type FoundRow = VersionRow & { total?: number | string | null; size?: number };

/** Returns true for a live version whose text was too long to be read. */
export function isLeftOut({ text }: FoundRow): boolean {
  return text === null;
}

/** Returns the byte limit for each text at which all texts of a page together fit; undefined for no limit. */
export function mostOfEach({ bytes, count }: Pick<ParsedSearch, 'bytes' | 'count'>): number | undefined {
  return bytes === undefined ? undefined : Math.floor(bytes / (count + 1));
}

/** Returns how many of the found matches the page holds: limited by its count and its bytes, but at least one. */
export function fitting({ bytes, count }: Pick<ParsedSearch, 'bytes' | 'count'>, found: readonly FoundRow[]): number {
  const fit = roomFor(
    found.map(({ size = 0 }) => size),
    bytes,
  );
  return fit < found.length ? Math.min(count, fit) : count;
}

/** Splits rows into portions of at most `bytes` of text; a longer text is a portion of its own. */
export function* portionsOf(rows: readonly FoundRow[], bytes: number): Generator<FoundRow[]> {
  let portion: FoundRow[] = [];
  let left = bytes;
  for (const row of rows) {
    left -= row.size ?? 0;
    if (left < 0 && portion.length > 0) {
      yield portion;
      portion = [];
      left = bytes - (row.size ?? 0);
    }
    portion.push(row);
  }
  if (portion.length > 0) yield portion;
}

/** Runs a composed query. */
export function query<Row>(connection: Connection, fragment: Fragment): Promise<Row[]> {
  return connection.all<Row>(fragment.sql, fragment.bindings);
}
