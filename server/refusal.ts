import { Failure } from '../resources/errors.ts';
import { ConfigError } from './config.ts';
import { LockedError } from './lock.ts';

/**
 * Ends the process, telling why it did not do its work: a mistake of whoever started it in a line, anything else
 * with all that is known of it.
 */
export function endWith(error: unknown): never {
  const expected = error instanceof ConfigError || error instanceof LockedError || error instanceof Failure;
  console.error(expected ? `Ward did not start: ${error.message}` : error);
  process.exit(1);
}
