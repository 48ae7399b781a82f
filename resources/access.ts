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
 * The resources of a type that a caller may see in an interaction: those that meet all of the criteria, so that none
 * means all resources. Whoever judges the caller gives them; the engine makes them part of what it does.
 */
export type Rows = readonly Criterion[];

/** What the caller may see of a type, by the type's name. Throws `forbidden` where it is nothing. */
export type RowFilter = (type: string) => Criterion[];

/** Every resource of a type. */
export const EVERY_ROW: Rows = [];

/**
 * Those of the versions of a type that its rows show. A version is judged by itself, whatever became of the resource
 * since; a deletion by the version that it ended. So a deleted resource is known to those who last could see it.
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

/** True where the rows of a type show a version. There is nothing to see of what never was. */
export async function isShown(
  connection: Connection,
  type: ServedType,
  rows: Rows,
  version: Version | undefined,
): Promise<boolean> {
  if (rows.length === 0) return true;
  return version !== undefined && (await shown(connection, type, rows, [version])).length === 1;
}

/** The refusal of a write that the rows of a caller do not cover: one text, whether there is such a resource or not. */
export function notPermitted(): Failure {
  return new Failure('forbidden', 'This request is not permitted.');
}

function subjectOf(type: ServedType, { id, lastUpdated }: Version, text: string): Subject {
  const resource = readJson(text);
  return { id, lastUpdated, rows: type.index(isObject(resource) ? contentOf(resource) : {}) };
}

const VERSIONS_A_QUERY = 64;

/** The texts that deletions ended, by key and version id. */
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
