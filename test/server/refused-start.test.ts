/** A start that cannot be is refused in one line that names the setting and the remedy, with exit code 1. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { SqliteConnection } from '../../resources/dialects/sqlite.ts';
import { ConfigError, readConfig } from '../../server/config.ts';
import { openDatabase } from '../../server/database/database.ts';
import { startServer as start } from '../../server/start.ts';
import { DATABASE_KIND, freshDatabase, type TestDatabase } from '../harness/database.ts';
import { type ClockedServer, startClockedServer } from '../harness/in-process.ts';
import { preparedDatabase } from '../harness/prepared.ts';
import { spawnServer } from '../harness/process.ts';
import { asRoot } from '../harness/server.ts';

describe('server: a refused start', () => {
  let server: ClockedServer;
  let database: TestDatabase;
  let folder: string;
  before(async () => {
    database = await freshDatabase();
    server = await startClockedServer({}, database);
    folder = await mkdtemp(path.join(tmpdir(), 'ward-refused-'));
    await writeFile(path.join(folder, 'not-a-database'), 'text '.repeat(1000));
  });
  after(async () => {
    await server.stop();
    await database.drop();
    await rm(folder, { recursive: true });
  });

  const sqlite = () => `sqlite:${path.join(folder, 'ward.db')}`;

  /** What the process prints of a start that is refused. */
  async function refusal(env: Record<string, string>): Promise<string> {
    const { ended, output } = spawnServer({ PORT: '0', DATABASE_URL: sqlite(), SIGNING_ALG: 'ES256', ...env });
    expect(await ended, output()).to.equal(1);
    expect(output()).to.match(/^Ward did not start: [^\n]+\n$/);
    return output();
  }

  const ROWS: [name: string, env: () => Record<string, string>, message: RegExp][] = [
    ['a port in use', () => ({ PORT: String(server.port) }), /PORT \d+ is in use/],
    ['an address of another machine', () => ({ HOST: '203.0.113.1' }), /HOST /],
    [
      'a file that is no database',
      () => ({ DATABASE_URL: `sqlite:${folder}/not-a-database` }),
      /DATABASE_URL .*NOTADB/,
    ],
    ['a folder as a database', () => ({ DATABASE_URL: `sqlite:${folder}` }), /DATABASE_URL /],
    [
      'a database below a file',
      () => ({ DATABASE_URL: `sqlite:${folder}/not-a-database/ward.db` }),
      /DATABASE_URL .*(ENOTDIR|EEXIST)/,
    ],
    ['a folder that the system does not let be made', () => ({ DATABASE_URL: 'sqlite:/proc/x/y.db' }), /DATABASE_URL /],
    [
      'a PostgreSQL that is not there, whose password is not told',
      () => ({ DATABASE_URL: 'postgres://me:hunter2@127.0.0.1:9/ward' }),
      /DATABASE_URL .*ECONNREFUSED/,
    ],
    [
      'a wait for PostgreSQL that is no number',
      () => ({ DATABASE_URL: 'postgres://127.0.0.1:9/ward?query_timeout=soon' }),
      /^query_timeout in DATABASE_URL must be a whole number of milliseconds from 1 to 2147483647$/,
    ],
    [
      'a wait for PostgreSQL that is longer than a timer can be',
      () => ({ DATABASE_URL: 'postgres://127.0.0.1:9/ward?query_timeout=2147483648' }),
      /^query_timeout in DATABASE_URL must be a whole number of milliseconds from 1 to 2147483647$/,
    ],
    [
      'a certificate of PostgreSQL that is not there',
      () => ({
        DATABASE_URL: `postgres://me:hunter2@127.0.0.1:9/ward?sslmode=verify-full&sslrootcert=${folder}/no.pem`,
      }),
      /^DATABASE_URL [^\n]*ENOENT[^\n]*no\.pem/,
    ],
    [
      'a wait for a replica that is too short',
      () => ({
        DATABASE_URL: 'postgres://127.0.0.1:9/ward',
        DATABASE_READ_URL: 'postgres://127.0.0.1:9/ward?query_timeout=0.5',
      }),
      /^query_timeout in DATABASE_READ_URL must be a whole number of milliseconds from 1 to 2147483647$/,
    ],
  ];
  for (const [name, env, message] of ROWS) {
    it(name, async () => {
      const settings = { PORT: '0', DATABASE_URL: sqlite(), LOG_LEVEL: 'silent', SIGNING_ALG: 'ES256', ...env() };
      const problem: unknown = await start(readConfig(settings)).then(
        () => 'none',
        (error: unknown) => error,
      );
      expect(problem).to.be.instanceOf(ConfigError);
      const { message: told } = problem as ConfigError;
      expect(told).to.match(/^[^\n]+$/);
      expect(told).to.match(message);
      expect(told).to.not.match(/hunter2/);
    });
  }

  it('is told in one line', async () => {
    expect(await refusal({ PORT: 'http' })).to.match(/PORT .*must be a port/);
  });

  it('a database that a newer version has migrated: the error says so, and what to do', async () => {
    const newer = await preparedDatabase();
    const opened = await openDatabase(newer.url);
    const writer = await opened.openWriter();
    await writer.run("INSERT INTO knex_migrations (name, batch) VALUES ('999_next', 9)");
    await writer.close();
    await opened.close();
    const problem: unknown = await startClockedServer({}, newer).catch((error: unknown) => error);
    expect(problem).to.be.instanceOf(ConfigError);
    expect((problem as ConfigError).message).to.match(/DATABASE_URL .*newer version \(999_next\): .*backup/);
    await newer.drop();
  });

  if (DATABASE_KIND === 'sqlite') {
    /** Another program works on the file: what it did, and whether it is still about it. */
    async function beside(sql: string): Promise<string> {
      const file = path.join(folder, 'other.db');
      await rm(file, { force: true });
      const other = await SqliteConnection.open(file, 'writer');
      try {
        await other.exec(sql);
        return await refusal({ DATABASE_URL: `sqlite:${file}` });
      } finally {
        await other.close();
      }
    }

    it('a file that another program has locked is told in one line, once it was waited for', async () => {
      const began = performance.now();
      expect(await beside('BEGIN EXCLUSIVE')).to.match(/locked/);
      expect(performance.now() - began).to.be.above(4_500);
    });

    it('a database of another program, whose tables have our names, is told in one line', async () => {
      expect(await beside('CREATE TABLE resource (name TEXT)')).to.match(/DATABASE_URL .*resource.* already exists/);
    });

    it('a second server on the same SQLite file is told who has it, and what to do; the first one stays', async () => {
      const message = await refusal({ DATABASE_URL: database.url });
      expect(message)
        .to.include(`process ${process.pid}`)
        .and.to.match(/PostgreSQL|Stop that process/);
      expect((await server.request('PUT', '/Patient/p', { as: asRoot, json: {} })).status).to.equal(201);
    });
  } else {
    it('a PostgreSQL database whose encoding lacks characters is told in one line, with how to make one', async () => {
      const narrow = await freshDatabase(undefined, 'LATIN1');
      try {
        expect(await refusal({ DATABASE_URL: narrow.url })).to.match(/DATABASE_URL .*LATIN1.*--encoding=UTF8/);
      } finally {
        await narrow.drop();
      }
    });

    it('a second server on the same PostgreSQL database is welcome', async () => {
      const second = await startClockedServer({}, database);
      await second.request('PUT', '/Patient/p', { as: asRoot, json: {} });
      expect((await server.request('GET', '/Patient/p', { as: asRoot })).status).to.equal(200);
      await second.stop();
    });
  }
});
