import type { Transaction } from '../../resources/engine.ts';
import { LOGIN } from './browsers.ts';
import { CODE } from './codes.ts';

/**
 * Ends what a User could be given further tokens for without the password: the logins of browsers, and codes that were
 * not used yet. `key` is that of the User.
 */
export async function endSignIns({ credentials }: Transaction, { key }: { key: number }): Promise<void> {
  for (const name of [LOGIN, CODE]) await credentials.remove(key, name);
}
