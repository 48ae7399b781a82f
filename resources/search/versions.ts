import type { Connection } from '../connection.ts';
import { VERSION_COLUMNS, type VersionRow } from '../store.ts';
import { literal, sql } from './fragment.ts';
import type { Fragment } from './plan.ts';

const COLUMNS = literal(
  VERSION_COLUMNS.split(', ')
    .map((column) => `r.${column}`)
    .join(', '),
);

/**
 * A query for the versions of a few keys.
 * @param keys a query that gives `key` and what `extra` and `order` name, as `m`
 */
export function versionsOf(keys: Fragment, order: string, extra?: Fragment): Fragment {
  const columns = extra === undefined ? COLUMNS : sql`${COLUMNS}, ${extra}`;
  return sql`SELECT ${columns} FROM (${keys}) m JOIN resource r ON r.key = m.key ORDER BY ${literal(order)}`;
}

/** A version with what was asked for beside it. */
export type FoundRow = VersionRow & { total?: number | string | null };

/** Runs a composed query. */
export function query<Row>(connection: Connection, fragment: Fragment): Promise<Row[]> {
  return connection.all<Row>(fragment.sql, fragment.bindings);
}
