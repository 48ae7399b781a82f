import type { ResourceDefinition } from '../definition.ts';
import { Failure } from '../errors.ts';
import type { JsonObject } from '../json/value.ts';
import { rowByKey, TickReader } from '../reading/reader.ts';
import type { Connection } from './connection.ts';
import type { Address } from './known.ts';

/** The names that a resource holds: element by the folded name. */
export type Names = Map<string, string>;

/** How names of a namespace compare: NFKC and case-folded. */
export function foldName(name: string): string {
  return name.normalize('NFKC').toUpperCase().toLowerCase().normalize('NFKC');
}

/** The names that a resource of this type holds in its namespace; none where the type has no namespace. */
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

/** Tells who holds a name of a namespace, as it is committed. Look-ups of one tick are one query a namespace. */
export function committedHolders(
  connection: Connection,
): (namespace: string, name: string) => Promise<Address | undefined> {
  const readers = new Map<string, TickReader<HolderRow>>();
  return async (namespace, name) => {
    const folded = foldName(name);
    // No resource holds such a name, and PostgreSQL takes no text that has it: others would fail with it.
    if (folded.includes('\0')) return undefined;
    let reader = readers.get(namespace);
    if (!reader) {
      const sql = (list: string) => `${HOLDERS} AND n.value IN (${list})`;
      reader = new TickReader<HolderRow>(
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
 * Hands a namespace from the names of the previous version to those of the next. The table's primary key keeps
 * two resources from one name; a taken one is a `duplicate` Failure that tells the element and nothing else.
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
      throw new Failure('duplicate', `${place} is taken: choose another ${element}.`, { expression: place });
    }
  }
}
