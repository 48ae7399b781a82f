import type { Transaction } from '../resources/engine.ts';

/** What a file says something of: a resource, or a type that is declared. */
interface Subject {
  type: string;
  id: string;
}

/**
 * Applies what a file says, unless it said the same when it was last applied: a restart neither does the work again nor
 * undoes what was changed since. `digest` tells what it says.
 */
export async function applyChanged(
  transaction: Transaction,
  { type, id }: Subject,
  digest: string,
  apply: () => Promise<void>,
): Promise<void> {
  const known = 'SELECT digest FROM init_entry WHERE type = ? AND id = ?';
  const [row] = await transaction.all<{ digest: string }>(known, [type, id]);
  if (row?.digest === digest) return;
  await apply();
  await transaction.run(
    'INSERT INTO init_entry (type, id, digest) VALUES (?, ?, ?) ' +
      'ON CONFLICT (type, id) DO UPDATE SET digest = excluded.digest',
    [type, id, digest],
  );
}
