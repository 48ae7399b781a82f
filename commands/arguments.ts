import path from 'node:path';
import { parseArgs } from 'node:util';
import { CommandError, reasonOf } from './errors.ts';

/**
 * Parses the arguments of a command: words, its known flags, and `--url URL`. Throws a CommandError for other options.
 */
export function readArguments(flags: readonly string[] = []): {
  words: string[];
  flags: string[];
  url: string | undefined;
} {
  const booleans = Object.fromEntries(flags.map((name) => [name, { type: 'boolean' as const }]));
  try {
    const options = { ...booleans, url: { type: 'string' as const } };
    const { positionals, values } = parseArgs({ allowPositionals: true, options });
    return { words: positionals, flags: flags.filter((name) => name in values), url: values.url };
  } catch (error) {
    const [reason = ''] = reasonOf(error).split('. ', 1);
    const known = [...flags.map((name) => `--${name}`), '--url URL'].join(', ');
    throw new CommandError(`${reason}; known options: ${known}`, { cause: error });
  }
}

/**
 * Returns the absolute path of a command's only argument. Throws a CommandError with `remedy` for any other arguments.
 */
export function readFileArgument(remedy: string): string {
  const [named, ...others] = process.argv.slice(2);
  if (named === undefined || named.startsWith('-') || others.length > 0) throw new CommandError(remedy);
  return path.resolve(named);
}
