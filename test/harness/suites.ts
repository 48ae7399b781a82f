/** Decides which suites run on both databases. */
import { readFileSync } from 'node:fs';
import path from 'node:path';

/** Modules that open a database. */
const OPENING = [
  /^test\/harness\/(clone|cluster|database|in-process|process|server)\.ts$/,
  /^server\/(database|open|start)\.ts$/,
  /^resources\/dialects\//,
];

/**
 * Suites of what does not depend on the database: request and response bytes and their limits, client libraries, and
 * the commands of the README. They open a database, but other suites compare its behaviour on each kind.
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

/** Returns true if a suite may behave differently on another database. Paths start at the root of the project. */
export function isOfDatabase(file: string): boolean {
  return opensDatabase(file) && !BEFORE_DATABASE.some((start) => file === start || file.startsWith(`${start}/`));
}

/** Returns true if a file opens a database, or imports a file that does. */
export function opensDatabase(file: string, seen = new Set<string>()): boolean {
  if (OPENING.some((pattern) => pattern.test(file))) return true;
  if (seen.has(file)) return false;
  seen.add(file);
  return importsOf(file).some((imported) => opensDatabase(imported, seen));
}

const found = new Map<string, string[]>();

/** Returns the project files that a file imports at run time, without type imports. */
function importsOf(file: string): string[] {
  const known = found.get(file);
  if (known) return known;
  const text = readFileSync(file, 'utf8');
  const imports = text.matchAll(/^(?:import|export)\s+(?!type\s)(?:[^'";]*?\sfrom\s+)?'(\.[^']+\.ts)'/gm);
  const made = [...imports].map(([, name = '']) => path.posix.join(path.posix.dirname(file), name));
  found.set(file, made);
  return made;
}
