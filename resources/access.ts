import type { Version } from './engine.ts';
import { Failure } from './errors.ts';
import { readJson } from './json/read.ts';
import { isObject } from './json/value.ts';
import { contentOf } from './prepare.ts';
import type { Criterion } from './search/plan.ts';
import { type Subject, satisfying } from './search/satisfying.ts';
import { any, padded, sql } from './search/sql/fragment.ts';
import { query } from './search/sql/versions.ts';
import type { ServedType } from './served.ts';
import type { Connection } from './storage/connection.ts';

/**
 * The resources of a type that a caller may see in an interaction: those that satisfy all criteria; all resources if
 * there are none. The access layer provides the criteria, and the engine applies them.
 */
export type Rows = readonly Criterion[];

/** Returns what the caller may see of a type. Throws `forbidden` if that is nothing. */
export type RowFilter = (type: string) => Criterion[];

/** All resources of a type. */
export const EVERY_ROW: Rows = [];

/**
 * Returns the versions that the rows include. Each version is judged by its own content, whatever happened to the
 * resource later; a deletion by the version before it. So a deleted resource is visible to those who could see it last.
 */
export async function shown<One extends Version>(
  connection: Connection,
  type: ServedType,
  rows: Rows,
  versions: readonly One[],
): Promise<One[]> {
  if (rows.length === 0) return [...versions];
  const ended = await endedBy(connection, versions);
  const subjects = versions.flatMap((version) => {
    const text = version.text ?? ended.get(version.key)?.get(version.versionId - 1);
    return text == null ? [] : [{ version, ...subjectOf(type, version, text) }];
  });
  return (await satisfying(connection, rows, subjects)).map(({ version }) => version);
}

/** Returns true if the rows include a version; one that does not exist is included only if there are no criteria. */
export async function isShown(
  connection: Connection,
  type: ServedType,
  rows: Rows,
  version: Version | undefined,
): Promise<boolean> {
  if (rows.length === 0) return true;
  return version !== undefined && (await shown(connection, type, rows, [version])).length === 1;
}

/** Returns the Failure for a write outside the caller's rows; the same text whether the resource exists or not. */
export function notPermitted(): Failure {
  return new Failure('forbidden', 'This request is not permitted.');
}

function subjectOf(type: ServedType, { id, lastUpdated }: Version, text: string): Subject {
  const resource = readJson(text);
  return { id, lastUpdated, rows: type.index(isObject(resource) ? contentOf(resource) : {}) };
}

const VERSIONS_A_QUERY = 64;

/** Returns the texts of the versions before deletions, by key and version id. */
async function endedBy(
  connection: Connection,
  versions: readonly Version[],
): Promise<Map<number, Map<number, string>>> {
  const deletions = versions.filter(({ text }) => text === null);
  const texts = new Map<number, Map<number, string>>();
  for (let start = 0; start < deletions.length; start += VERSIONS_A_QUERY) {
    const places = deletions
      .slice(start, start + VERSIONS_A_QUERY)
      .map(({ key, versionId }) => sql`key = ${key} AND version_id = ${versionId - 1}`);
    const select = sql`SELECT key, version_id, text FROM resource_history WHERE ${any(padded(places))}`;
    for (const row of await query<{ key: number; version_id: number; text: string | null }>(connection, select)) {
      if (row.text === null) continue;
      texts.set(row.key, (texts.get(row.key) ?? new Map<number, string>()).set(row.version_id, row.text));
    }
  }
  return texts;
}
