import { ConfigError } from '../server/config.ts';

/** A command cannot do what it was asked, for a reason that the user can remove. */
export class CommandError extends ConfigError {
  override name = 'CommandError';
}

/** Returns the reason of a failure in one line. */
export function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replaceAll(/\s+/g, ' ');
}
