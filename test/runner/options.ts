/** The arguments of a run, parsed as mocha does, with those of `.mocharc.json`. */
import { createRequire } from 'node:module';
import path from 'node:path';
import type { MochaOptions } from 'mocha';

interface Options extends MochaOptions {
  /** Positional arguments: files, folders and patterns. */
  _: string[];
  ignore?: string[];
  extension: string[];
  recursive?: boolean;
}

// Mocha's own command line uses these modules, which have no types.
const require = createRequire(import.meta.url);
const { loadOptions } = require('mocha/lib/cli/options.cjs') as { loadOptions(argv: string[]): Options };
const { lookupFiles } = require('mocha/lib/cli/lookup-files.js') as {
  lookupFiles(pattern: string, extensions: string[], recursive?: boolean): string[];
};

/** Returns the options for `new Mocha`. */
export function readOptions(argv: string[]): Options {
  return loadOptions(argv);
}

/** Returns the selected test files without the ignored ones; throws if a pattern matches none. */
export function filesOf({ _, ignore = [], extension, recursive }: Options): string[] {
  const found = (patterns: string[]) =>
    patterns
      .flatMap((pattern) => lookupFiles(pattern, extension, recursive))
      .map((file) => path.relative('.', path.resolve(file)));
  const ignored = new Set(found(ignore));
  return [...new Set(found(_))].filter((file) => !ignored.has(file));
}
