/** The attacks in `docs/security.md`, with the test of each. */
import { readFileSync } from 'node:fs';
import path from 'node:path';

export interface Attack {
  section: string;
  name: string;
  /** The path of its test from the root of the project. */
  file: string;
}

/** Returns the rows of all tables, in the order of the page. */
export function listedAttacks(): Attack[] {
  const [, ...sections] = readFileSync(path.join('docs', 'security.md'), 'utf8').split('\n## ');
  return sections.flatMap((text) => {
    const [section = '', ...lines] = text.split('\n');
    return lines.flatMap((line) => {
      const [, name, file] = /^\| (.+?) \| .+ \| \[.+\]\(\.\.\/(.+\.test\.ts)\) \|$/.exec(line) ?? [];
      return name && file ? [{ section, name, file }] : [];
    });
  });
}

/**
 * Returns a regular expression for a test title: it ignores case, and characters that Markdown or string quoting adds.
 */
export function grepFor(name: string): string {
  const letters = [...name.replaceAll(/[`\\]/g, '')].map((letter) => letter.replace(/[/.*+?^${}()|[\]]/, '\\$&'));
  return `/${letters.join('[`\\\\]*')}/i`;
}
