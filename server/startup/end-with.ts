import { SealError } from '../../auth/keys/sealing.ts';
import { Failure } from '../../resources/errors.ts';
import { DatabaseError } from '../../resources/storage/connection.ts';
import { ConfigError } from '../config.ts';
import { LockedError } from '../database/lock.ts';

const EXPECTED = [ConfigError, LockedError, SealError, Failure, DatabaseError];

/**
 * Prints why `what` happened and exits with 1: one line for an expected error, everything known for others. Control
 * characters are removed from the line, since a message may quote another server.
 */
export function endWith(error: unknown, what = 'Ward did not start'): never {
  const isExpected = error instanceof Error && EXPECTED.some((kind) => error instanceof kind);
  console.error(isExpected ? `${what}: ${reasonOf(error).replaceAll(/\p{Cc}+/gu, ' ')}` : error);
  process.exit(1);
}

/** Returns the message with the detail that callers never see (such as a full disk): the operator needs it. */
function reasonOf(error: Error): string {
  const { message } = error;
  return error instanceof Failure && error.detail !== undefined ? `${message} (${error.detail})` : message;
}
