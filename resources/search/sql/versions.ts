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

/** What is asked for beside versions, and of them. */
export interface Asked {
  /** Further columns. */
  extra?: Fragment | undefined;
  /** Bytes: a text that has more is left out, and not read either; its size is told. Undefined: none is. */
  most?: number | undefined;
}

/**
 * A query for the versions of a few keys.
 * @param keys a query that gives `key` and what `extra` and `order` name, as `m`
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

/** A query for the current versions of resources, or for those before them. */
function versionsAt(table: 'resource' | 'resource_history', keys: readonly number[]): Fragment {
  return sql`SELECT ${COLUMNS} FROM ${literal(table)} r WHERE r.key IN (${list(padded([...keys]))})`;
}

/**
 * Rows with the texts that were left out of them, as they were when the rows were found: what has become of a resource
 * since may be nothing that was searched for, or that its caller may see. What is there no more is left out.
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

/** A version with what was asked for beside it. */
export type FoundRow = VersionRow & { total?: number | string | null; size?: number };

/** True for a live version whose text was too large to be given. */
export function isLeftOut({ text }: FoundRow): boolean {
  return text === null;
}

/** What a text of a page may have: where each has as much at the most, all of them together have room. */
export function mostOfEach({ bytes, count }: Pick<ParsedSearch, 'bytes' | 'count'>): number | undefined {
  return bytes === undefined ? undefined : Math.floor(bytes / (count + 1));
}

/** How many of the matches that were found a page has: as many as its count and its bytes allow, and one at least. */
export function fitting({ bytes, count }: Pick<ParsedSearch, 'bytes' | 'count'>, found: readonly FoundRow[]): number {
  const fit = roomFor(
    found.map(({ size = 0 }) => size),
    bytes,
  );
  return fit < found.length ? Math.min(count, fit) : count;
}

/** Rows in portions whose texts have so many bytes together at the most, if a single one does not have more. */
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
