import type { Connection } from './connection.ts';
import type { Dialect } from './dialects/dialect.ts';
import type { Credential, Credentials, Transaction } from './engine.ts';
import { removeByKey } from './erase.ts';
import { readJson } from './json/read.ts';
import { renderJson } from './json/render.ts';
import { isObject, type JsonObject } from './json/value.ts';
import { TickReader } from './reader.ts';
import type { IndexColumn } from './search/tables.ts';

interface CredentialRow {
  hash: string;
  key: number;
  name: string;
  detail: string | null;
  type: string;
  id: string;
}

const SELECT =
  'SELECT c.hash, c.key, c.name, c.detail, r.type, r.id FROM credential c JOIN resource r ON r.key = c.key WHERE';

/** The credentials as they are committed. Look-ups by hash of one tick are one query. */
export function committedCredentials(connection: Connection): Credentials {
  const byHash = new TickReader<CredentialRow>(
    connection,
    (list) => `${SELECT} c.hash IN (${list})`,
    ({ hash }) => hash,
  );
  return {
    find: async (hash) => {
      const row = await byHash.read(hash);
      return row && credentialOf(row);
    },
    of: (key, name) => credentialsOf(connection, key, name),
  };
}

const COLUMNS: IndexColumn[] = [
  { name: 'hash', type: 'text' },
  { name: 'key', type: 'integer' },
  { name: 'name', type: 'text' },
  { name: 'detail', type: 'text' },
];

/** New credentials on their way into the database: a group of jobs costs one statement for all of them. */
export class CredentialBuffer {
  readonly #dialect: Dialect;
  #rows: (string | number | null)[][] = [];
  #written = 0;

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
  }

  /** How often something was written: it grows with each write. */
  get written(): number {
    return this.#written;
  }

  /** True where something is not in the database yet. */
  get pending(): boolean {
    return this.#rows.length > 0;
  }

  insert({ key, name, hash, detail }: NewCredential): void {
    this.#rows.push([hash, key, name, asText(detail)]);
    this.#written += 1;
  }

  /** Writes what was gathered. */
  async flush(connection: Connection): Promise<void> {
    const rows = this.#rows;
    this.#rows = [];
    await connection.run(
      `INSERT INTO credential (${COLUMNS.map(({ name }) => name).join(', ')}) ${this.#dialect.rowsFromJson(COLUMNS)}`,
      [JSON.stringify(rows)],
    );
  }

  /** Forgets what was gathered: the job that it belongs to has failed. */
  clear(): void {
    this.#rows = [];
  }
}

type NewCredential = Parameters<Transaction['credentials']['insert']>[0];

/** The credentials inside a job of the write queue. */
export function jobCredentials(connection: Connection, buffer: CredentialBuffer): Transaction['credentials'] {
  const find = async (hash: string) => {
    const [row] = await connection.all<CredentialRow>(`${SELECT} c.hash = ?`, [hash]);
    return row && credentialOf(row);
  };
  return {
    find,
    of: (key, name) => credentialsOf(connection, key, name),
    insert: async (credential) => buffer.insert(credential),
    replace: async (hash, next) => {
      const sql = 'UPDATE credential SET hash = ?, name = ?, detail = ? WHERE hash = ?';
      return (await connection.run(sql, [next.hash, next.name, asText(next.detail), hash])) === 1;
    },
    take: async (hash) => {
      const held = await find(hash);
      if (!held) return undefined;
      // Another node may take it between the two: the count of rows decides.
      return (await connection.run('DELETE FROM credential WHERE hash = ?', [hash])) === 1 ? held : undefined;
    },
    remove: async (key, name) => {
      if (name === undefined) await connection.run('DELETE FROM credential WHERE key = ?', [key]);
      else await connection.run('DELETE FROM credential WHERE key = ? AND name = ?', [key, name]);
    },
    removeAll: (keys) => removeByKey(connection, 'credential', keys),
  };
}

async function credentialsOf(connection: Connection, key: number, name?: string): Promise<Credential[]> {
  const rows =
    name === undefined
      ? await connection.all<CredentialRow>(`${SELECT} c.key = ?`, [key])
      : await connection.all<CredentialRow>(`${SELECT} c.key = ? AND c.name = ?`, [key, name]);
  return rows.map(credentialOf);
}

function credentialOf(row: CredentialRow): Credential {
  const detail = row.detail === null ? null : readJson(row.detail);
  return { ...row, detail: isObject(detail ?? undefined) ? (detail as JsonObject) : null };
}

function asText(detail: JsonObject | null): string | null {
  return detail === null ? null : renderJson(detail);
}
