/** Removes resources for good, without a trace. */

import type { Version } from './engine.ts';
import { contentOf } from './prepare.ts';
import type { ServedType } from './served.ts';
import type { Connection } from './storage/connection.ts';
import { NO_ROWS } from './storage/index-changes.ts';
import { resourceOf, VERSION_COLUMNS, type VersionRow, versionOf } from './storage/version-row.ts';
import type { JobContext } from './writing/group.ts';

/** Removes resources with everything stored by their keys. Listeners are told of those that were not deleted before. */
export async function erase(
  { connection, index, changes, versions: held }: JobContext,
  { definition, index: rowsOf }: ServedType,
  versions: readonly Version[],
): Promise<void> {
  const keys = versions.map(({ key }) => key);
  held.forget(versions);
  for (const version of versions) {
    const before = resourceOf(version);
    if (!before) continue;
    const { type, id, key } = version;
    index.replace(key, rowsOf(contentOf(before)), NO_ROWS);
    changes.push({ type, id, key, before, after: undefined, credentialChanged: false });
  }
  // The table of names has no index by key, so it is scanned only for types that have names.
  const tables = ['credential', ...(definition.unique ? ['name'] : []), 'resource_history', 'resource'];
  for (const table of tables) await removeByKey(connection, table, keys);
}

/** Removes the rows of a table that belong to these keys. */
export async function removeByKey(connection: Connection, table: string, keys: readonly number[]): Promise<void> {
  for (let start = 0; start < keys.length; start += KEYS_A_STATEMENT) {
    const some = keys.slice(start, start + KEYS_A_STATEMENT);
    // The same SQL for any number of keys: no resource has the key 0.
    const places = Array.from({ length: KEYS_A_STATEMENT }, (_, place) => some[place] ?? 0);
    await connection.run(`DELETE FROM ${table} WHERE key IN (${places.map(() => '?').join(', ')})`, places);
  }
}

const KEYS_A_STATEMENT = 50;

/** Returns resources of a type that were deleted before a time in milliseconds, the oldest first. */
export async function deletionsBefore(
  connection: Connection,
  type: string,
  before: number,
  count: number,
): Promise<Version[]> {
  const rows = await connection.all<VersionRow>(
    `SELECT ${VERSION_COLUMNS} FROM resource WHERE type = ? AND text IS NULL AND last_updated < ?` +
      ' ORDER BY last_updated LIMIT ?',
    [type, before, count],
  );
  return rows.map(versionOf);
}
