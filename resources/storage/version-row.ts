import type { Version } from '../engine.ts';
import { readJson } from '../json/read.ts';
import { isObject, type JsonObject } from '../json/value.ts';

/** A row of `resource` or `resource_history`. */
export interface VersionRow {
  key: number;
  type: string;
  id: string;
  version_id: number;
  last_updated: number;
  method: string;
  text: string | null;
}

/** The columns of a `VersionRow`, for a SELECT. */
export const VERSION_COLUMNS = 'key, type, id, version_id, last_updated, method, text';

/** Converts a row to a Version. */
export function versionOf(row: VersionRow): Version {
  return {
    key: row.key,
    type: row.type,
    id: row.id,
    versionId: row.version_id,
    lastUpdated: row.last_updated,
    method: row.method === 'POST' || row.method === 'DELETE' ? row.method : 'PUT',
    text: row.text,
  };
}

/** Returns the resource of a version; undefined for no version and for a deletion. */
export function resourceOf(version: Version | undefined): JsonObject | undefined {
  const value = version?.text == null ? undefined : readJson(version.text);
  return isObject(value) ? value : undefined;
}

/** Returns how many of the texts of these sizes fit into `bytes`; at least one. */
export function roomFor(sizes: readonly number[], bytes = Number.POSITIVE_INFINITY): number {
  let sum = 0;
  const end = sizes.findIndex((size) => {
    sum += size;
    return sum > bytes;
  });
  return end === -1 ? sizes.length : Math.max(1, end);
}
