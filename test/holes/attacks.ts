/** The attacks that `docs/security.md` names, with the test of each. */
import { readFileSync } from 'node:fs';
import path from 'node:path';

export interface Attack {
  section: string;
  name: string;
  /** The file of its test, from the root of the project. */
  file: string;
}

/** Every row of every table, in the order of the page. */
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

/** Titles go without what Markdown and a string's quotes add, and by either case. */
export function grepFor(name: string): string {
  const letters = [...name.replaceAll(/[`\\]/g, '')].map((letter) => letter.replace(/[/.*+?^${}()|[\]]/, '\\$&'));
  return `/${letters.join('[`\\\\]*')}/i`;
}
