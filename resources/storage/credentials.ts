import type { Dialect } from '../dialects/dialect.ts';
import type { Credential, Credentials, Transaction } from '../engine.ts';
import { readJson } from '../json/read.ts';
import { renderJson } from '../json/render.ts';
import { isObject, type JsonObject } from '../json/value.ts';
import { BatchReader, rowByKey, rowsByKey } from '../reading/batch-reader.ts';
import type { IndexColumn } from '../search/index/tables.ts';
import type { Connection } from './connection.ts';
import { rowsAsJson } from './versions.ts';

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

/** Returns the committed credentials. Lookups of one tick share a query. */
export function committedCredentials(connection: Connection): Credentials {
  const byHash = new BatchReader<CredentialRow>(
    connection,
    (list) => `${SELECT} c.hash IN (${list})`,
    rowByKey(({ hash }) => hash),
  );
  const byOwner = new BatchReader<CredentialRow, CredentialRow[]>(
    connection,
    (list) => `${SELECT} c.key IN (${list})`,
    rowsByKey(({ key }) => String(key)),
  );
  return {
    find: async (hash) => {
      const row = await byHash.read(hash);
      return row && credentialOf(row);
    },
    of: async (key, name) => {
      const rows = (await byOwner.read(String(key))) ?? [];
      return rows.filter((row) => name === undefined || row.name === name).map(credentialOf);
    },
  };
}

const COLUMNS: IndexColumn[] = [
  { name: 'hash', type: 'text' },
  { name: 'key', type: 'integer' },
  { name: 'name', type: 'text' },
  { name: 'detail', type: 'text' },
];

const KEY: IndexColumn = { name: 'key', type: 'integer' };

/** Returns the statements that remove the credentials of resources and insert new ones. */
export function credentialStatements({ rowsFromJson }: Dialect): string[] {
  return [
    `DELETE FROM credential WHERE key IN (${rowsFromJson([KEY])})`,
    `INSERT INTO credential (${COLUMNS.map(({ name }) => name).join(', ')}) ${rowsFromJson(COLUMNS)}`,
  ];
}

/** Buffers changes of credentials, so that a group of jobs writes them all at once. */
export class CredentialBuffer {
  #added: NewCredential[] = [];
  /** Keys of resources whose stored credentials are removed. */
  #gone = new Set<number>();
  #written = 0;

  /** The number of writes buffered since the group began; it never decreases. */
  get written(): number {
    return this.#written;
  }

  /** True if something is not in the database yet. */
  get pending(): boolean {
    return this.#added.length > 0 || this.#gone.size > 0;
  }

  insert(credential: NewCredential): void {
    this.#added.push(credential);
    this.#written += 1;
  }

  /** Removes all credentials of a resource. */
  remove(key: number): void {
    this.#added = this.#added.filter((credential) => credential.key !== key);
    this.#gone.add(key);
    this.#written += 1;
  }

  /** Returns the buffered rows for each of the `credentialStatements`, and empties the buffer. */
  take(): (string | undefined)[] {
    const added = this.#added.map(({ hash, key, name, detail }) => [hash, key, name, asText(detail)]);
    const rows = [rowsAsJson([...this.#gone].map((key) => [key])), rowsAsJson(added)];
    this.clear();
    return rows;
  }

  /** Discards the buffer, because its job has failed. */
  clear(): void {
    this.#added = [];
    this.#gone = new Set();
  }
}

type NewCredential = Parameters<Transaction['credentials']['insert']>[0];

/** Returns the credentials as a job of the write queue sees them. */
export function jobCredentials(
  connection: Connection,
  buffer: CredentialBuffer,
): Omit<Transaction['credentials'], 'removeFound'> {
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
      // Another node may take it between the two statements, so the number of deleted rows decides.
      return (await connection.run('DELETE FROM credential WHERE hash = ?', [hash])) === 1 ? held : undefined;
    },
    remove: async (key, name) => {
      if (name === undefined) buffer.remove(key);
      else await connection.run('DELETE FROM credential WHERE key = ? AND name = ?', [key, name]);
    },
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
