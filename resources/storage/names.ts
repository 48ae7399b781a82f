import type { ResourceDefinition } from '../definition.ts';
import { Failure } from '../errors.ts';
import type { JsonObject } from '../json/value.ts';
import { BatchReader, rowByKey } from '../reading/batch-reader.ts';
import type { Connection } from './connection.ts';
import type { Address } from './known-versions.ts';

/** The unique names of a resource: a map from folded name to element. */
export type Names = Map<string, string>;

/** Folds a name for comparison within its namespace: NFKC and case-folded. */
export function foldName(name: string): string {
  return name.normalize('NFKC').toUpperCase().toLowerCase().normalize('NFKC');
}

/** Returns the names of a resource in the namespace of its type; empty if the type has none. */
export function namesOf(definition: ResourceDefinition, id: string, resource: JsonObject | undefined): Names {
  const names: Names = new Map();
  if (!resource || !definition.unique) return names;
  for (const element of definition.unique.elements) {
    const value = element === 'id' ? id : resource[element];
    if (typeof value === 'string' && !names.has(foldName(value))) names.set(foldName(value), element);
  }
  return names;
}

type HolderRow = Address & { value: string };

const HOLDERS = 'SELECT n.value, r.type, r.id FROM name n JOIN resource r ON r.key = n.key WHERE n.namespace = ?';

/** Returns a lookup of the holder of a name, on committed data. Lookups of one tick share a query per namespace. */
export function committedHolders(
  connection: Connection,
): (namespace: string, name: string) => Promise<Address | undefined> {
  const readers = new Map<string, BatchReader<HolderRow>>();
  return async (namespace, name) => {
    const folded = foldName(name);
    // No resource holds such a name, and PostgreSQL rejects NUL, which would fail the other lookups of the tick.
    if (folded.includes('\0')) return undefined;
    let reader = readers.get(namespace);
    if (!reader) {
      const sql = (list: string) => `${HOLDERS} AND n.value IN (${list})`;
      reader = new BatchReader<HolderRow>(
        connection,
        sql,
        rowByKey(({ value }) => value),
        [namespace],
      );
      readers.set(namespace, reader);
    }
    const row = await reader.read(folded);
    return row && { type: row.type, id: row.id };
  };
}

/**
 * Replaces the names of the previous version by those of the next. The table's primary key makes names unique; a taken
 * name throws a `duplicate` Failure that names only the element.
 */
export async function replaceNames(
  connection: Connection,
  definition: ResourceDefinition,
  key: number,
  before: Names,
  after: Names,
): Promise<void> {
  const namespace = definition.unique?.namespace;
  if (namespace === undefined) return;
  for (const name of before.keys()) {
    if (!after.has(name)) await connection.run('DELETE FROM name WHERE namespace = ? AND value = ?', [namespace, name]);
  }
  for (const [name, element] of after) {
    if (before.has(name)) continue;
    const added = await connection.run(
      'INSERT INTO name (namespace, value, key) VALUES (?, ?, ?) ON CONFLICT (namespace, value) DO NOTHING',
      [namespace, name, key],
    );
    if (added === 0) {
      const place = `${definition.name}.${element}`;
      throw new Failure('duplicate', `${place} is already in use: choose another ${element}.`, { expression: place });
    }
  }
}
