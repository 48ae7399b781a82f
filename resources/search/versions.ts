import type { Connection } from '../connection.ts';
import { roomFor, VERSION_COLUMNS, type VersionRow } from '../store.ts';
import { list, literal, padded, sql } from './fragment.ts';
import type { Fragment, ParsedSearch } from './plan.ts';

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

/** A query for the current versions of resources. */
export function versionsAt(keys: readonly number[]): Fragment {
  return sql`SELECT ${COLUMNS} FROM resource r WHERE r.key IN (${list(padded([...keys]))})`;
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

/** Runs a composed query. */
export function query<Row>(connection: Connection, fragment: Fragment): Promise<Row[]> {
  return connection.all<Row>(fragment.sql, fragment.bindings);
}
