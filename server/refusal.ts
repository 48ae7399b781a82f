import { Failure } from '../resources/errors.ts';
import { ConfigError } from './config.ts';
import { LockedError } from './lock.ts';

/**
 * Ends the process, telling why `what` happened: a mistake of whoever started it in a line, anything else with all
 * that is known of it.
 */
export function endWith(error: unknown, what = 'Ward did not start'): never {
  const expected = error instanceof ConfigError || error instanceof LockedError || error instanceof Failure;
  console.error(expected ? `${what}: ${error.message}` : error);
  process.exit(1);
}
