import { SealError } from '../auth/sealing.ts';
import { DatabaseError } from '../resources/connection.ts';
import { Failure } from '../resources/errors.ts';
import { ConfigError } from './config.ts';
import { LockedError } from './lock.ts';

/**
 * Ends the process, telling why `what` happened: a mistake of whoever started it in a line, anything else with all
 * that is known of it. What another server has said may be in it, and is nothing for a terminal to act on.
 */
export function endWith(error: unknown, what = 'Ward did not start'): never {
  const expected = [ConfigError, LockedError, SealError, Failure, DatabaseError].some((kind) => error instanceof kind);
  console.error(expected && error instanceof Error ? `${what}: ${error.message.replaceAll(/\p{Cc}+/gu, ' ')}` : error);
  process.exit(1);
}
