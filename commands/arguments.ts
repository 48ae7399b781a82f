import { parseArgs } from 'node:util';
import { ConfigError } from '../server/config.ts';

/** A command that cannot do what it was asked, for a reason that whoever asked can remove. */
export class CommandError extends ConfigError {
  override name = 'CommandError';
}

/** What stands behind the name of a command: words, and `--url URL`. Throws a CommandError for other options. */
export function readArguments(): { words: string[]; url: string | undefined } {
  try {
    const { positionals, values } = parseArgs({ allowPositionals: true, options: { url: { type: 'string' } } });
    return { words: positionals, url: values.url };
  } catch (error) {
    const [reason = ''] = (error instanceof Error ? error.message : String(error)).split('. ', 1);
    throw new CommandError(`${reason}; there is --url URL`, { cause: error });
  }
}
