import { ConfigError } from '../server/config.ts';

/** A command that cannot do what it was asked, for a reason that whoever asked can remove. */
export class CommandError extends ConfigError {
  override name = 'CommandError';
}

/** Why something failed, in one line, as a command tells it. */
export function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replaceAll(/\s+/g, ' ');
}
