import type { Transaction } from '../../resources/engine.ts';
import { LOGIN } from './browsers.ts';
import { CODE } from './codes.ts';

/**
 * Removes everything that gives a User further tokens without the password: browser logins and unused codes. `key` is
 * the User's.
 */
export async function endSignIns({ credentials }: Transaction, { key }: { key: number }): Promise<void> {
  for (const name of [LOGIN, CODE]) await credentials.remove(key, name);
}
