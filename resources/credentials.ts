import type { Connection } from './connection.ts';
import type { Credential, Credentials, Transaction } from './engine.ts';
import { removeByKey } from './erase.ts';
import { readJson } from './json/read.ts';
import { renderJson } from './json/render.ts';
import { isObject, type JsonObject } from './json/value.ts';
import { TickReader } from './reader.ts';

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

/** The credentials inside a job of the write queue. */
export function jobCredentials(connection: Connection): Transaction['credentials'] {
  const find = async (hash: string) => {
    const [row] = await connection.all<CredentialRow>(`${SELECT} c.hash = ?`, [hash]);
    return row && credentialOf(row);
  };
  return {
    find,
    of: (key, name) => credentialsOf(connection, key, name),
    insert: async ({ key, name, hash, detail }) => {
      await connection.run('INSERT INTO credential (hash, key, name, detail) VALUES (?, ?, ?, ?)', [
        hash,
        key,
        name,
        asText(detail),
      ]);
    },
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
