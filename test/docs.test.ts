/** The pages that repeat what the code says are held to it: errors, attacks and their tests, links. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import { OAUTH_ERRORS } from '../auth/errors.ts';
import { FAILURES } from '../resources/errors.ts';
import { INDEX_TABLES } from '../resources/search/index/tables.ts';

const read = (page: string): string => readFileSync(path.join('docs', page), 'utf8');

/** The cells of the rows of all tables of a page. */
function rows(page: string): string[][] {
  const lines = read(page).split('\n');
  const table = lines.filter((line, at) => line.startsWith('| ') && !lines[at + 1]?.startsWith('|---'));
  return table.map((line) => line.slice(2, -2).split(' | '));
}

/** The texts of a test file, its titles among them; none of what is skipped or commented out. */
function titlesOf(file: string): string[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => !/^\s*(\/\/|\/?\*)|\b(it|describe)\.skip\(/.test(line))
    .flatMap((line) => line.match(/'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`[^`]*`?/g) ?? []);
}

const plain = (text: string): string => text.replaceAll(/[`\\]/g, '').toLowerCase();

describe('docs: errors', () => {
  it('lists every failure of a resource request as the code has it, and says when', () => {
    const told = rows('errors.md').filter((cells) => cells.length === 4);
    const known = Object.entries(FAILURES).map(([code, { status, issue }]) => [code, String(status), issue]);
    expect(told.map((cells) => cells.slice(0, 3))).to.eql(known);
  });

  it('lists every error of OAuth as the code has it, and says when', () => {
    const told = rows('errors.md').filter((cells) => cells.length === 5);
    const known = Object.entries(OAUTH_ERRORS).map(([code, entry]) => {
      const challenge = 'challenge' in entry ? (entry.challenge.split(' ')[0] ?? '') : '-';
      return [code, String(entry.status), 'error' in entry ? entry.error : code, challenge];
    });
    expect(told.map((cells) => cells.slice(0, 4))).to.eql(known);
  });
});

describe('docs: security', () => {
  it('says of every attack what stops it, and names it once a section, by enough to be found', () => {
    for (const section of read('security.md').split('\n## ')) {
      const told = section
        .split('\n')
        .flatMap((line) => /^\| (.+?) \| (.+) \| \[.+\]\(.+\.test\.ts\) \|$/.exec(line) ?? []);
      const names = told.filter((_, at) => at % 3 === 1);
      expect(new Set(names)).to.have.property('size', names.length);
      expect(section.split('\n').filter((line) => line.startsWith('| ')).length).to.be.oneOf([0, names.length + 1]);
    }
  });

  for (const [attack = '', , link = ''] of rows('security.md')) {
    it(`${attack}: is a title of the test that is named`, () => {
      const [, file = ''] = /\]\(\.\.\/(.+)\)/.exec(link) ?? [];
      expect(
        titlesOf(file).some((title) => plain(title).includes(plain(attack))),
        `${file} has no such title`,
      ).to.equal(true);
    });
  }
});

/** The sections of RFCs that titles of tests name (`RFC 6749 §5.1: …`), by the number of the RFC. */
function namedSections(): Map<string, Set<string>> {
  const named = new Map<string, Set<string>>();
  const files = (readdirSync('test', { recursive: true }) as string[]).filter((name) => name.endsWith('.test.ts'));
  const titles = files.flatMap((file) => titlesOf(path.join('test', file)));
  for (const [, rfc = '', section = ''] of titles.join('\n').matchAll(/RFC (\d{4}) (§\d+(?:\.\d+)*)/g)) {
    named.set(rfc, (named.get(rfc) ?? new Set()).add(section));
  }
  return named;
}

describe('docs: standards', () => {
  const named = namedSections();
  const number = (section: string) => section.slice(1).split('.').map(Number);
  const inOrder = (sections: string[]) =>
    sections.sort((one, other) => {
      const [a, b] = [number(one), number(other)];
      const at = a.findIndex((part, index) => part !== b[index]);
      return at < 0 ? a.length - b.length : (a[at] ?? 0) - (b[at] ?? -1);
    });

  for (const [standard = '', sections = ''] of rows('standards.md')) {
    it(`${standard}: the sections are those that titles of tests name`, () => {
      const [, rfc = ''] = /RFC (\d{4})/.exec(standard) ?? [];
      expect(sections.split(', ')).to.eql(inOrder([...(named.get(rfc) ?? [])]));
    });
  }
});

describe('docs: architecture', () => {
  it('says of every table that is made what it holds, and of no other', () => {
    const folder = 'resources/migrations';
    const made = readdirSync(folder)
      .map((file) => readFileSync(path.join(folder, file), 'utf8'))
      .flatMap((text) => [...text.matchAll(/createTable\('(\w+)'/g)].map(([, table]) => table ?? ''));
    const [, stored = ''] = read('architecture.md').split('## What is stored\n');
    const told = (stored.split('\n## ')[0] ?? '')
      .split('\n')
      .flatMap((line) => [...(/^\| (`.+?) \| /.exec(line)?.[1] ?? '').matchAll(/`(\w+)`/g)].map(([, table]) => table));
    expect(told).to.have.members([...made, ...INDEX_TABLES.map(({ name }) => name)]);
  });
});

describe('docs: links', () => {
  for (const page of (readdirSync('docs', { recursive: true }) as string[]).filter((name) => name.endsWith('.md'))) {
    it(`those of ${page} lead to files that are there`, () => {
      const links = [...read(page).matchAll(/\]\(([^)#]+)[^)]*\)/g)].map((match) => match[1] ?? '');
      const local = links.filter((link) => !/^https?:/.test(link));
      expect(local.filter((link) => !existsSync(path.join('docs', path.dirname(page), link)))).to.eql([]);
    });

    it(`the files that ${page} names are there`, () => {
      const named = [...read(page).matchAll(/`((?:auth|bench|commands|resources|seeds|server|test)\/[\w./-]+)`/g)];
      // Written by what is run, not kept.
      const kept = named.map(([, file = '']) => file).filter((file) => file !== 'bench/results');
      expect(kept.filter((file) => !existsSync(file))).to.eql([]);
    });
  }
});
