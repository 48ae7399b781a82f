import type { Transaction } from '../../resources/engine.ts';
import type { Connection } from '../../resources/storage/connection.ts';

/** The subject of an entry in a file: a resource, or a declared type. */
interface Subject {
  type: string;
  id: string;
}

/** Returns true if the subject had the same digest when it was last applied. */
export async function isApplied(
  connection: Pick<Connection, 'all'>,
  { type, id }: Subject,
  digest: string,
): Promise<boolean> {
  const known = 'SELECT digest FROM init_entry WHERE type = ? AND id = ?';
  const [row] = await connection.all<{ digest: string }>(known, [type, id]);
  return row?.digest === digest;
}

/** Applies an entry unless its digest was the last applied, so that a restart does not undo later changes. */
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

/** Records that an entry with this digest has been applied. */
export async function noteApplied(transaction: Transaction, { type, id }: Subject, digest: string): Promise<void> {
  await transaction.run(
    'INSERT INTO init_entry (type, id, digest) VALUES (?, ?, ?) ' +
      'ON CONFLICT (type, id) DO UPDATE SET digest = excluded.digest',
    [type, id, digest],
  );
}
