/** The files that the style tests read, and the imports found in them. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const FOLDERS = ['server', 'auth', 'resources', 'commands', 'seeds', 'test', 'bench', 'docs', 'console', '.ci'];
/** Generated or installed: not written by hand. */
const EXEMPT = /^(resources\/fhir\/r4|bench\/peers|bench\/results)(\/|$)|(^|\/)node_modules(\/|$)/;

export interface Source {
  /** From the root of the project, with `/`. */
  file: string;
  text: string;
  lines: string[];
}

function walk(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const file = path.posix.join(folder, entry.name);
    if (EXEMPT.test(file)) return [];
    return entry.isDirectory() ? walk(file) : [file];
  });
}

function readSource(file: string): Source {
  const text = readFileSync(file, 'utf8');
  return { file, text, lines: text.split('\n') };
}

const present = readdirSync('.', { withFileTypes: true });
const folders = present.filter((entry) => entry.isDirectory() && FOLDERS.includes(entry.name));
const loose = present.filter((entry) => entry.isFile() && /\.(ts|md|json)$/.test(entry.name));

/** Every text file written by hand. */
export const texts: Source[] = [
  ...loose.map((entry) => entry.name).filter((name) => name !== 'package-lock.json'),
  ...folders.flatMap((entry) => walk(entry.name)),
]
  .filter((file) => !/\.(png|ndjson|gz)$/.test(file))
  .map(readSource);

/** The TypeScript among them. */
export const sources: Source[] = texts.filter(({ file }) => file.endsWith('.ts'));

/** What a file imports: paths from the root for its own files, names for packages. */
export function importsOf({ file, text }: Source): string[] {
  const found = text.matchAll(
    /^\s*(?:import|export)\b[^'"`;]*?from\s+'([^']+)'|\bimport\(\s*'([^']+)'|^import\s+'([^']+)'/gm,
  );
  return [...found].map((match) => {
    const name = match[1] ?? match[2] ?? match[3] ?? '';
    return name.startsWith('.') ? path.posix.join(path.posix.dirname(file), name) : name;
  });
}
