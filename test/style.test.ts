/**
 * The shape of the project, held by a test. What the linter knows (functions of at most 60 lines, no `any`, no
 * non-null assertion, no focused test) is left to it.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import { isOfDatabase, opensDatabase } from './harness/suites.ts';
import { importsOf, sources, texts } from './style/sources.ts';

const LONGEST_FILE = 300;
const MEDIAN_FILE = 100;
const LONGEST_LINE = 120;

/** Which layers a layer may import: the arrow points down. */
const LAYERS: Record<string, string[]> = {
  resources: ['resources'],
  auth: ['auth', 'resources'],
  server: ['server', 'auth', 'resources'],
};

const TOP_LEVEL = `
  .ci .dockerignore .git .gitignore .mocharc.json CHANGELOG.md CONTRIBUTING.md Dockerfile LICENSE README.md
  auth bench biome.json commands console docs knexfile.ts package-lock.json package.json resources seeds server
  test tsconfig.build.json tsconfig.json`
  .trim()
  .split(/\s+/);

/** Words that say nothing of what is in a file. */
const VAGUE = /(^|\/)(utils?|helpers?|misc|common|lib|stuff)(\/|\.|$)/;
/** Read with `.all` only: a statement's `.get` and `.each` leave its snapshot of the database open. */
const OPEN_SNAPSHOT = /\b(statement|stmt|database|db)(\(\))?[?!]?\.(get|each)\(/i;
const UNFINISHED = /\b(TO[D]O|FIX[M]E)\b/;
const FOREIGN = /registry\.npmjs\.|\/work\/(main|shared)|\/home\/[a-z]/;

/** `file:line` of every line that a pattern matches. */
function matches(files: typeof texts, pattern: RegExp): string[] {
  return files.flatMap(({ file, lines }) =>
    lines.flatMap((line, at) => (pattern.test(line) ? [`${file}:${at + 1}`] : [])),
  );
}

describe('style: suites', () => {
  it('those that have nothing of a database run once, and others on each', () => {
    const suites = sources.map(({ file }) => file).filter((file) => file.endsWith('.test.ts'));
    const without = suites.filter((file) => !opensDatabase(file));
    expect(without).to.include.members(['test/style.test.ts', 'test/formats/json.test.ts', 'test/auth/scopes.test.ts']);
    expect(suites.filter(isOfDatabase).length).to.be.above(suites.length / 2);
    // By a harness, by another suite's helper, and by the server itself.
    for (const name of ['resources/create', 'auth/http/refresh', 'search/brute-force', 'config/lock', 'kill/kill']) {
      expect(isOfDatabase(`test/${name}.test.ts`), name).to.equal(true);
    }
  });
});

describe('style: layers', () => {
  for (const [layer, allowed] of Object.entries(LAYERS)) {
    it(`${layer} imports from ${allowed.join(', ')} alone`, () => {
      const upward = sources
        .filter(({ file }) => file.startsWith(`${layer}/`))
        .flatMap((source) => importsOf(source).map((target) => ({ file: source.file, target })))
        .filter(({ target }) => target.includes('/') && /\.(ts|js|json)$/.test(target))
        .filter(({ target }) => !target.startsWith('#') && !allowed.includes(target.split('/')[0] ?? ''))
        .map(({ file, target }) => `${file} -> ${target}`);
      expect(upward).to.eql([]);
    });
  }

  it('only the SQLite dialect and the opening of databases know sqlite3', () => {
    const knowing = sources
      .filter(({ file }) => !/^(bench|test)\//.test(file))
      .filter((source) => importsOf(source).includes('sqlite3'))
      .map(({ file }) => file)
      .filter((file) => !['resources/dialects/sqlite.ts', 'server/database/migrate.ts'].includes(file));
    expect(knowing).to.eql([]);
  });

  it('the settings alone read the environment', () => {
    const programs = sources.filter(({ file }) => !/^(bench|test)\//.test(file));
    expect(matches(programs, /\bprocess\.env\b(?!`)(?<!readConfig\(process\.env)/)).to.eql([]);
  });

  it('SQLite statements are read with .all', () => {
    expect(matches(sources, OPEN_SNAPSHOT)).to.eql([]);
  });
});

describe('style: files', () => {
  it(`files have at most ${LONGEST_FILE} lines`, () => {
    const long = sources.filter(({ lines }) => lines.length > LONGEST_FILE + 1);
    expect(long.map(({ file, lines }) => `${file}: ${lines.length}`)).to.eql([]);
  });

  it(`half of the files have at most ${MEDIAN_FILE} lines`, () => {
    const sizes = sources.map(({ lines }) => lines.length).sort((a, b) => a - b);
    expect(sizes[Math.floor(sizes.length / 2)]).to.be.at.most(MEDIAN_FILE);
  });

  it(`lines have at most ${LONGEST_LINE} characters`, () => {
    expect(matches(sources, new RegExp(`^.{${LONGEST_LINE + 1},}`))).to.eql([]);
  });

  it('names say what is inside', () => {
    expect(texts.map(({ file }) => file).filter((file) => VAGUE.test(file))).to.eql([]);
  });

  it('nothing is left unfinished, and nothing names the machine it was written on', () => {
    expect(matches(texts, UNFINISHED)).to.eql([]);
    expect(
      matches(
        texts.filter(({ file }) => file !== 'test/style.test.ts'),
        FOREIGN,
      ),
    ).to.eql([]);
  });

  it('the top level holds what is declared', () => {
    const ignored = readFileSync('.gitignore', 'utf8')
      .split('\n')
      .map((line) => line.replace(/^\/|\/$/g, ''));
    const entries = readdirSync('.').filter((entry) => !ignored.includes(entry) && !entry.endsWith('.log'));
    expect(entries.filter((entry) => !TOP_LEVEL.includes(entry))).to.eql([]);
  });
});
