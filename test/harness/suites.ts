/** Which suites are run again on another database. */
import { readFileSync } from 'node:fs';
import path from 'node:path';

/** What a suite opens a database by. */
const OPENING = [
  /^test\/harness\/(clone|cluster|database|in-process|process|server)\.ts$/,
  /^server\/(database|open|start)\.ts$/,
  /^resources\/dialects\//,
];

/**
 * Suites of what comes before a database is asked and after it has answered: bytes on their way in and out and the
 * limits of them, what libraries make of answers, and what is pasted from the README. They open a database, and what
 * they have of it other suites compare on each.
 */
const BEFORE_DATABASE = [
  'test/clients',
  'test/readme-start.test.ts',
  'test/readme.test.ts',
  'test/server/body-limits.test.ts',
  'test/server/cors.test.ts',
  'test/server/headers.test.ts',
  'test/server/held-bytes.test.ts',
  'test/server/image.test.ts',
  'test/server/proxies.test.ts',
  'test/server/request-id.test.ts',
  'test/server/slow-reader.test.ts',
  'test/server/slow-request.test.ts',
];

/** Whether a suite may say something else on another database. Files are named from the root of the project. */
export function isOfDatabase(file: string): boolean {
  return opensDatabase(file) && !BEFORE_DATABASE.some((start) => file === start || file.startsWith(`${start}/`));
}

/** Whether a file has what opens a database, or imports a file that does. */
export function opensDatabase(file: string, seen = new Set<string>()): boolean {
  if (OPENING.some((pattern) => pattern.test(file))) return true;
  if (seen.has(file)) return false;
  seen.add(file);
  return importsOf(file).some((imported) => opensDatabase(imported, seen));
}

const found = new Map<string, string[]>();

/** The files of the project that a file imports when it runs: types are gone by then. */
function importsOf(file: string): string[] {
  const known = found.get(file);
  if (known) return known;
  const text = readFileSync(file, 'utf8');
  const imports = text.matchAll(/^(?:import|export)\s+(?!type\s)(?:[^'";]*?\sfrom\s+)?'(\.[^']+\.ts)'/gm);
  const made = [...imports].map(([, name = '']) => path.posix.join(path.posix.dirname(file), name));
  found.set(file, made);
  return made;
}
