/** The server's other keys and values, by name: the table `server_key`. */

import type { Transaction } from '../../resources/engine.ts';
import type { Connection } from '../../resources/storage/connection.ts';
import type { Seal } from './sealing.ts';

/** Stores a value under an unused name. Returns true if this call stored it. */
export async function claimServerKey(connection: Connection, name: string, value: string): Promise<boolean> {
  const sql = 'INSERT INTO server_key (name, value) VALUES (?, ?) ON CONFLICT (name) DO NOTHING';
  return (await connection.run(sql, [name, value])) === 1;
}

/** Returns the value of a name, or undefined. */
export async function readServerKey(connection: Connection, name: string): Promise<string | undefined> {
  const [row] = await connection.all<{ value: string }>('SELECT value FROM server_key WHERE name = ?', [name]);
  return row?.value;
}

// Distinguishes secrets by name from other values, such as the id of the root client.
const SECRET = 'secret:';

/**
 * Returns the secret of a name; stores the given one if there is none. The first process to store wins. Throws a
 * SealError if the secret cannot be decrypted.
 */
export async function serverSecret(connection: Connection, seal: Seal, name: string, value: Buffer): Promise<Buffer> {
  const place = SECRET + name;
  const known = await readServerKey(connection, place);
  if (known === undefined)
    await claimServerKey(connection, place, await seal.close(place, value.toString('base64url')));
  const stored = known ?? (await readServerKey(connection, place)) ?? '';
  return Buffer.from((await seal.open(place, stored)).text, 'base64url');
}

/**
 * Encrypts every secret again that is not stored with the current settings. Throws a SealError if one cannot be
 * decrypted.
 */
export async function resealServerSecrets(transaction: Transaction, seal: Seal): Promise<void> {
  const sql = 'SELECT name, value FROM server_key WHERE name LIKE ?';
  for (const { name, value } of await transaction.all<{ name: string; value: string }>(sql, [`${SECRET}%`])) {
    const { text, current } = await seal.open(name, value);
    if (current) continue;
    const sealed = await seal.close(name, text);
    await transaction.run('UPDATE server_key SET value = ? WHERE name = ?', [sealed, name]);
  }
}
