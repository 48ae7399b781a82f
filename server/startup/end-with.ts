import { SealError } from '../../auth/keys/sealing.ts';
import { Failure } from '../../resources/errors.ts';
import { DatabaseError } from '../../resources/storage/connection.ts';
import { ConfigError } from '../config.ts';
import { LockedError } from '../database/lock.ts';

const EXPECTED = [ConfigError, LockedError, SealError, Failure, DatabaseError];

/**
 * Ends the process, telling why `what` happened: a mistake of whoever started it in a line, anything else with all
 * that is known of it. What another server has said may be in it, and is nothing for a terminal to act on.
 */
export function endWith(error: unknown, what = 'Ward did not start'): never {
  const isExpected = error instanceof Error && EXPECTED.some((kind) => error instanceof kind);
  console.error(isExpected ? `${what}: ${reasonOf(error).replaceAll(/\p{Cc}+/gu, ' ')}` : error);
  process.exit(1);
}

/** What callers are not told, such as that the disk is full, is for whoever runs the server. */
function reasonOf(error: Error): string {
  const { message } = error;
  return error instanceof Failure && error.detail !== undefined ? `${message} (${error.detail})` : message;
}
