/** The arguments of a run, read as mocha reads them, with what `.mocharc.json` adds. */
import { createRequire } from 'node:module';
import path from 'node:path';
import type { MochaOptions } from 'mocha';

interface Options extends MochaOptions {
  /** What is no flag: files, folders and patterns. */
  _: string[];
  ignore?: string[];
  extension: string[];
  recursive?: boolean;
}

// Mocha's own command line is made of these; it has no types for them.
const require = createRequire(import.meta.url);
const { loadOptions } = require('mocha/lib/cli/options.cjs') as { loadOptions(argv: string[]): Options };
const { lookupFiles } = require('mocha/lib/cli/lookup-files.js') as {
  lookupFiles(pattern: string, extensions: string[], recursive?: boolean): string[];
};

/** What `new Mocha` takes. */
export function readOptions(argv: string[]): Options {
  return loadOptions(argv);
}

/** The test files that are named, without those that are ignored; throws where a pattern is of none. */
export function filesOf({ _, ignore = [], extension, recursive }: Options): string[] {
  const found = (patterns: string[]) =>
    patterns
      .flatMap((pattern) => lookupFiles(pattern, extension, recursive))
      .map((file) => path.relative('.', path.resolve(file)));
  const ignored = new Set(found(ignore));
  return [...new Set(found(_))].filter((file) => !ignored.has(file));
}
