import type { Connection } from './connection.ts';
import { DatabaseError } from './connection.ts';
import type { Dialect } from './dialects/dialect.ts';
import type { Version } from './engine.ts';
import { parameterNumber } from './search/tables.ts';

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

/** A row as the engine gives it on. */
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

/** Stores versions. Every method belongs in a job of the write queue. */
export class Store {
  readonly #dialect: Dialect;

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
  }

  /** The current version of a resource, a deletion included; other nodes may not change it until the job ends. */
  async current(connection: Connection, type: string, id: string): Promise<Version | undefined> {
    const sql = `SELECT ${VERSION_COLUMNS} FROM resource WHERE type = ? AND id = ?${this.#dialect.forUpdate}`;
    const [row] = await connection.all<VersionRow>(sql, [type, id]);
    return row && versionOf(row);
  }

  /** Keeps other nodes from deciding on this type until the job ends: between their search and their write, too. */
  async lockType(connection: Connection, type: string): Promise<void> {
    const { lock } = this.#dialect;
    if (lock !== undefined) await connection.all(lock, [parameterNumber(type, '')]);
  }

  /** Stores the first version of an id and gives its key. */
  async insert(connection: Connection, version: Omit<Version, 'key'>): Promise<number> {
    const { type, id, versionId, lastUpdated, method, text } = version;
    const [row] = await connection.all<{ key: number }>(
      'INSERT INTO resource (type, id, version_id, last_updated, method, text) VALUES (?, ?, ?, ?, ?, ?) ' +
        'ON CONFLICT (type, id) DO NOTHING RETURNING key',
      [type, id, versionId, lastUpdated, method, text],
    );
    if (!row) throw new DatabaseError('contention', `${type}/${id} was made by another node at the same moment`);
    return row.key;
  }

  /** Moves the current version to the history and puts the next in its place. */
  async supersede(connection: Connection, next: Version): Promise<void> {
    await connection.run(
      `INSERT INTO resource_history (${VERSION_COLUMNS}) SELECT ${VERSION_COLUMNS} FROM resource WHERE key = ?`,
      [next.key],
    );
    await this.replace(connection, next);
  }

  /** Puts the next version in the place of the current one, which is not kept. */
  async replace(connection: Connection, next: Version): Promise<void> {
    await connection.run('UPDATE resource SET version_id = ?, last_updated = ?, method = ?, text = ? WHERE key = ?', [
      next.versionId,
      next.lastUpdated,
      next.method,
      next.text,
      next.key,
    ]);
  }
}
