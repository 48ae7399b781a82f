/** `npm run backup`: a copy of a moment, made beside a server that writes, is what a server can be started on. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { DATABASE_KIND, freshDatabase, type TestDatabase } from '../harness/database.ts';
import { type ClockedServer, startClockedServer } from '../harness/in-process.ts';
import { asRoot, startServer, type TestServer } from '../harness/server.ts';
import { checkIndex, historyOf } from '../kill/inspection.ts';
import { create, type Ledger, write } from '../kill/writers.ts';
import { run } from '../server/command.ts';
import { command } from './program.ts';

/** Tokens are good for the address that they were issued at, wherever the copy is served. */
const env = { BASE_URL: 'http://ward.example' };
const CLIENT = { basic: ['app', 'secret-of-the-app'] } as const;

/** Whatever is missing, it is not passed over where `CI` says that everything must run. */
const HAS_PG_DUMP = process.env['CI'] !== undefined || spawnSync('pg_dump', ['--version']).status === 0;

async function succeeding(program: ReturnType<typeof run>): Promise<string> {
  const { code, output } = await program;
  expect(code, output).to.equal(0);
  return output;
}

const fileOf = ({ url }: TestDatabase): string => url.slice('sqlite:'.length);

describe('commands: backup', () => {
  let database: TestDatabase;
  let folder: string;
  let copy: string;
  /** What a dump is restored to. */
  let spare: TestDatabase | undefined;
  beforeEach(async () => {
    database = await freshDatabase();
    folder = await mkdtemp(path.join(tmpdir(), 'ward-backup-'));
    copy = path.join(folder, 'copy.db');
  });
  afterEach(async () => {
    await database.drop();
    await spare?.drop();
    spare = undefined;
    await rm(folder, { recursive: true });
  });

  /** Starts a server on the copy alone, as after a loss of the database. */
  async function restore(): Promise<ClockedServer> {
    if (DATABASE_KIND === 'postgres') {
      spare = await freshDatabase();
      await succeeding(run('pg_restore', [`--dbname=${spare.url}`, copy], {}));
      return startClockedServer(env, spare);
    }
    const file = path.join(folder, 'restored.db');
    copyFileSync(copy, file);
    return startClockedServer(env, { ...database, url: `sqlite:${file}` });
  }

  /** As the page on backups says, each kind of database in its own way. */
  function backUp(): Promise<string> {
    const dump = ['--format=custom', `--file=${copy}`, database.url];
    return succeeding(DATABASE_KIND === 'postgres' ? run('pg_dump', dump, {}) : command('backup', [copy], database));
  }

  async function makeClient(server: TestServer): Promise<{ bearer: string }[]> {
    const client = { secret: CLIENT.basic[1], grant_types: ['client_credentials', 'basic'] };
    for (const [at, json] of [
      ['/Client/app', client],
      ['/Client/jwt', { ...client, auth: { client_credentials: { token_format: 'jwt' } } }],
      ['/AccessPolicy/all', { engine: 'allow', link: ['app', 'jwt'].map((id) => ({ resourceType: 'Client', id })) }],
    ] as const) {
      expect((await server.request('PUT', at, { as: asRoot, json })).status).to.equal(201);
    }
    const form = 'grant_type=client_credentials';
    const replies = ['app', 'jwt'].map((id) => {
      return server.request('POST', '/auth/token', { as: { basic: [id, CLIENT.basic[1]] }, form });
    });
    return (await Promise.all(replies)).map((reply) => ({ bearer: reply.string('access_token') }));
  }

  it('while writes go on holds every answered one from before, whole; secrets and tokens stay good', async function () {
    if (DATABASE_KIND === 'postgres' && !HAS_PG_DUMP) this.skip();
    const server = await startServer({ database, env });
    const tokens = await makeClient(server);
    const changing: Ledger[] = Array.from({ length: 8 }, (_, at) => ({
      id: `w${at}`,
      answered: [],
      pending: undefined,
    }));
    const made: Ledger[] = [];
    const writing = Promise.all([...changing.map((ledger) => write(server, ledger)), create(server, 'chain', made)]);
    while (changing.some(({ answered }) => answered.length < 5)) await new Promise(setImmediate);
    const before = changing.map(({ answered }) => answered.length);
    const madeBefore = made.filter(({ answered }) => answered.length > 0).length;
    await backUp();
    const after = changing.map(({ answered }) => answered.length + 1);
    expect(Math.max(...after.map((count, at) => count - (before[at] ?? 0)))).to.be.above(1);
    await server.kill();
    await writing;

    const restored = await restore();
    for (const [at, ledger] of changing.entries()) {
      const values = await historyOf(restored, ledger.id);
      expect(values).to.eql(values.map((_, place) => `${ledger.id}-${place + 1}`));
      expect(values.length).to.be.within(before[at] ?? 0, after[at] ?? 0);
      ledger.answered = values;
    }
    await checkIndex(restored, changing);
    // Each of the chain was sent after the one before was answered: a moment holds none without those before it.
    const held = await Promise.all(made.map(async ({ id }) => (await historyOf(restored, id)).length));
    expect(held.lastIndexOf(1) + 1).to.equal(held.filter((count) => count === 1).length);
    expect(held.lastIndexOf(1) + 1).to.be.at.least(madeBefore);
    for (const as of [...tokens, CLIENT, asRoot]) {
      const reply = await restored.request('GET', '/Patient?_summary=count', { as });
      expect(reply.status, reply.text).to.equal(200);
    }
    expect((await restored.request('PUT', '/Patient/new', { as: asRoot, json: {} })).status).to.equal(201);
    await restored.stop();
  });

  if (DATABASE_KIND === 'postgres') {
    it('of PostgreSQL is left to its own tools', async () => {
      const { code, output } = await command('backup', [copy], database);
      expect([code, existsSync(copy)]).to.eql([1, false]);
      expect(output).to.match(/^The backup failed: [^\n]*pg_dump[^\n]*\n$/);
      expect(output).to.not.include(database.url);
    });
    return;
  }

  it('of what a killed server left is whole and its owner’s alone, and leaves the database as it is', async () => {
    const server = await startServer({ database });
    expect((await server.request('PUT', '/Patient/p', { as: asRoot, json: {} })).status).to.equal(201);
    await server.kill();
    const state = () => ['', '-wal'].map((end) => statSync(fileOf(database) + end).mtimeMs);
    const before = state();
    const output = await backUp();
    expect(output).to.match(/^Backed up \S+ as of \S+Z: \S+copy\.db, \d+\.\d MiB, verified\n$/);
    expect(state()).to.eql(before);
    expect(statSync(copy).mode & 0o777).to.equal(0o600);
    expect(readdirSync(folder)).to.eql(['copy.db']);
    const restored = await restore();
    expect((await restored.request('GET', '/Patient/p', { as: asRoot })).status).to.equal(200);
    await restored.stop();
  });

  const DAMAGES: [what: string, damage: (bytes: Buffer) => void, message: RegExp][] = [
    ['an index that differs from its rows', differ, /the copy is damaged, and the database may be too: [^\n]+/],
    ['a page that cannot be read', blot, /was not copied to \S+copy\.db: [^\n]*malformed/],
  ];
  for (const [what, damage, message] of DAMAGES) {
    it(`of a database with ${what} is refused, and leaves nothing`, async () => {
      const server = await startClockedServer({}, database);
      await server.request('PUT', '/Patient/needle', { as: asRoot, json: {} });
      await server.stop();
      const bytes = readFileSync(fileOf(database));
      damage(bytes);
      writeFileSync(fileOf(database), bytes);
      const { code, output } = await command('backup', [copy], database);
      expect(code, output).to.equal(1);
      expect(output)
        .to.match(message)
        .and.match(/^The backup failed: [^\n]+\n$/);
      expect(readdirSync(folder)).to.eql([]);
    });
  }

  describe('is refused in a line', () => {
    const REFUSED: [why: string, args: (folder: string) => string[], message: RegExp][] = [
      ['no file', () => [], /name one new file/],
      ['two files', (at) => [`${at}/a`, `${at}/b`], /name one new file/],
      ['an option', () => ['--url'], /name one new file/],
      ['a file that is there', (at) => [`${at}/there`], /there exists already: name a new file/],
      [
        'one that another backup writes',
        (at) => [`${at}/other`],
        /other\.partial exists: another command is running, or/,
      ],
      ['a folder that is not there', (at) => [`${at}/none/x`], /cannot create \S+none\/x\.partial: ENOENT/],
    ];
    for (const [why, args, message] of REFUSED) {
      it(`where it is given ${why}`, async () => {
        writeFileSync(fileOf(database), 'not asked yet');
        for (const name of ['there', 'other.partial']) writeFileSync(path.join(folder, name), 'kept');
        const { code, output } = await command('backup', args(folder), database);
        expect(code, output).to.equal(1);
        expect(output)
          .to.match(message)
          .and.match(/^The backup failed: [^\n]+\n$/);
        expect(readdirSync(folder)).to.eql(['other.partial', 'there']);
      });
    }

    it('where there is no database, and makes none', async () => {
      for (const url of [`sqlite:${folder}/none.db`, 'sqlite::memory:']) {
        const { code, output } = await command('backup', [copy], { ...database, url });
        expect(code, output).to.equal(1);
        expect(output).to.match(
          /^The backup failed: (\S+none\.db does not exist: |sqlite::memory: has no file)[^\n]+\n$/,
        );
      }
      expect(readdirSync(folder)).to.eql([]);
    });
  });
});

/** The row of a Patient and its entry in the index no longer have the same id. */
function differ(bytes: Buffer): void {
  const place = bytes.indexOf('Patientneedle');
  expect(place).to.be.above(0);
  bytes.write('Patientneedlf', place);
}

/** The page with the Patient says nothing that SQLite knows. */
function blot(bytes: Buffer): void {
  const PAGE = 4096;
  const start = Math.floor(bytes.indexOf('Patientneedle') / PAGE) * PAGE;
  bytes.fill(0x7f, start, start + PAGE);
}
