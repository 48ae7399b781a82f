import { parseArgs } from 'node:util';
import { CommandError, reasonOf } from './errors.ts';

/** What stands behind the name of a command: words, and `--url URL`. Throws a CommandError for other options. */
export function readArguments(): { words: string[]; url: string | undefined } {
  try {
    const { positionals, values } = parseArgs({ allowPositionals: true, options: { url: { type: 'string' } } });
    return { words: positionals, url: values.url };
  } catch (error) {
    const [reason = ''] = reasonOf(error).split('. ', 1);
    throw new CommandError(`${reason}; there is --url URL`, { cause: error });
  }
}
