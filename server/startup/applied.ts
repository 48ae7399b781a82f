import type { Transaction } from '../../resources/engine.ts';
import type { Connection } from '../../resources/storage/connection.ts';

/** What a file says something of: a resource, or a type that is declared. */
interface Subject {
  type: string;
  id: string;
}

/** True where a file said the same when it was last applied. `digest` tells what it says. */
export async function isApplied(
  connection: Pick<Connection, 'all'>,
  { type, id }: Subject,
  digest: string,
): Promise<boolean> {
  const known = 'SELECT digest FROM init_entry WHERE type = ? AND id = ?';
  const [row] = await connection.all<{ digest: string }>(known, [type, id]);
  return row?.digest === digest;
}

/**
 * Applies what a file says, unless it said the same when it was last applied: a restart neither does the work again nor
 * undoes what was changed since.
 */
export async function applyChanged(
  transaction: Transaction,
  subject: Subject,
  digest: string,
  apply: () => Promise<void>,
): Promise<void> {
  if (await isApplied(transaction, subject, digest)) return;
  await apply();
  await noteApplied(transaction, subject, digest);
}

/** Notes that what a file says has been applied. */
export async function noteApplied(transaction: Transaction, { type, id }: Subject, digest: string): Promise<void> {
  await transaction.run(
    'INSERT INTO init_entry (type, id, digest) VALUES (?, ?, ?) ' +
      'ON CONFLICT (type, id) DO UPDATE SET digest = excluded.digest',
    [type, id, digest],
  );
}
