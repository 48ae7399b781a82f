/** What the server keeps for itself beside its signing keys, by name: the table `server_key`. */

import type { Transaction } from '../../resources/engine.ts';
import type { Connection } from '../../resources/storage/connection.ts';
import type { Seal } from './sealing.ts';

/** Stores a server key under a name that has none; true where this call stored it. */
export async function claimServerKey(connection: Connection, name: string, value: string): Promise<boolean> {
  const sql = 'INSERT INTO server_key (name, value) VALUES (?, ?) ON CONFLICT (name) DO NOTHING';
  return (await connection.run(sql, [name, value])) === 1;
}

/** The server key of a name, or undefined. */
export async function readServerKey(connection: Connection, name: string): Promise<string | undefined> {
  const [row] = await connection.all<{ value: string }>('SELECT value FROM server_key WHERE name = ?', [name]);
  return row?.value;
}

// Secrets are told by their names from what is no secret, such as which Client is root.
const SECRET = 'secret:';

/**
 * The secret of a name; stores the given one where there is none. The first process to store wins. Throws a
 * SealError where it cannot be opened.
 */
export async function serverSecret(connection: Connection, seal: Seal, name: string, value: Buffer): Promise<Buffer> {
  const place = SECRET + name;
  const known = await readServerKey(connection, place);
  if (known === undefined)
    await claimServerKey(connection, place, await seal.close(place, value.toString('base64url')));
  const stored = known ?? (await readServerKey(connection, place)) ?? '';
  return Buffer.from((await seal.open(place, stored)).text, 'base64url');
}

/** Stores every secret as it is to be stored now. Throws a SealError where one cannot be opened. */
export async function resealServerSecrets(transaction: Transaction, seal: Seal): Promise<void> {
  const sql = 'SELECT name, value FROM server_key WHERE name LIKE ?';
  for (const { name, value } of await transaction.all<{ name: string; value: string }>(sql, [`${SECRET}%`])) {
    const { text, current } = await seal.open(name, value);
    if (current) continue;
    const sealed = await seal.close(name, text);
    await transaction.run('UPDATE server_key SET value = ? WHERE name = ?', [sealed, name]);
  }
}
