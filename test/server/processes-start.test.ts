/** Processes that start at once on an empty database are one server, whenever one of them is killed. */
import { execFile } from 'node:child_process';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import pg from 'pg';
import { DATABASE_KIND, freshDatabase, type TestDatabase } from '../harness/database.ts';
import { LONG, SEED } from '../harness/generated.ts';
import { spawnServer } from '../harness/process.ts';
import { asRoot, startServer, TEST_SETTINGS, type TestServer } from '../harness/server.ts';
import { until } from './poll.ts';

const KILLS = LONG ? 30 : 1;
/** Milliseconds in which a start is over. */
const START = 1500;
const BASE_URL = 'http://ward.example';

// A SQLite file has one process.
if (DATABASE_KIND === 'postgres') {
  describe('server: processes that start at once on an empty database', function () {
    this.timeout(60_000);
    let database: TestDatabase;
    let holder: pg.Client;
    let client: pg.Client;
    beforeEach(async () => {
      database = await freshDatabase();
      holder = new pg.Client({ connectionString: database.url });
      client = new pg.Client({ connectionString: database.url });
      for (const each of [holder, client]) await each.connect();
    });
    afterEach(async () => {
      for (const each of [holder, client]) await each.end();
      await database.drop();
    });

    const count = async (sql: string) => Number((await client.query<{ count: string }>(sql)).rows[0]?.count);
    const waitingFor = (what: string) =>
      count(
        'SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()' +
          ` AND wait_event_type = 'Lock' AND query LIKE '${what}%'`,
      );
    const spawn = (env: Record<string, string> = {}) =>
      spawnServer({ ...TEST_SETTINGS, DATABASE_URL: database.url, BASE_URL, ...env });
    const start = (env: Record<string, string> = {}) => startServer({ database, env: { BASE_URL, ...env } });

    /** Has whoever migrates stop in the middle, until it is rolled back. */
    const holdMigration = async () => {
      await holder.query('BEGIN');
      await holder.query('CREATE TABLE search_uri (held integer)');
    };

    /** There is one of each, and what one process gives is good at all of them. */
    const expectOneServer = async (servers: readonly TestServer[]) => {
      expect(await count('SELECT count(*) FROM signing_key')).to.equal(1);
      expect(await count("SELECT count(*) FROM resource WHERE type IN ('Client', 'AccessPolicy')")).to.equal(2);
      for (const server of servers) {
        const form = { grant_type: 'client_credentials' };
        const reply = await server.request('POST', '/auth/token', { as: asRoot, form });
        const as = { bearer: reply.string('access_token') };
        for (const other of servers) expect((await other.request('GET', '/Patient', { as })).status).to.equal(200);
      }
    };
    const stop = async (servers: readonly TestServer[]) => {
      for (const server of servers) expect(await server.stop(), server.output()).to.equal(0);
    };

    it('three of them, one with two workers: one greeting, one root client, one key', async () => {
      const servers = await Promise.all([start(), start({ WORKERS: '2' }), start()]);
      await expectOneServer(servers);
      const greeted = servers.filter(({ output }) => output().includes('The database was empty'));
      expect(greeted).to.have.length(1);
      await stop(servers);
    });

    it('one is killed in the middle of the migration: the others start, and migrate anew', async () => {
      await holdMigration();
      const killed = spawn();
      await until('it migrates', async () => (await waitingFor('CREATE TABLE')) === 1, 20_000);
      const starting = [start(), start({ WORKERS: '2' })];
      await until('the others wait', async () => (await waitingFor('SELECT pg_advisory_lock')) === 2, 20_000);
      killed.child.kill('SIGKILL');
      await killed.ended;
      await holder.query('ROLLBACK');
      const servers = await Promise.all(starting);
      await expectOneServer(servers);
      await stop(servers);
    });

    for (let kill = 1; kill <= KILLS; kill += 1) {
      it(`one is killed at some moment of its start (${kill}): the others are one server`, async () => {
        const killed = spawn();
        const starting = [start(), start()];
        await wait((SEED + kill * 617) % START);
        killed.child.kill('SIGKILL');
        const servers = await Promise.all(starting);
        await expectOneServer(servers);
        await stop(servers);
      });
    }

    it('the first worker is killed: the server says why it ends, and starts anew', async () => {
      await holdMigration();
      const killed = spawn({ WORKERS: '2' });
      await until('it migrates', async () => (await waitingFor('CREATE TABLE')) === 1, 20_000);
      const { stdout } = await promisify(execFile)('pgrep', ['-P', String(killed.child.pid)]);
      process.kill(Number(stdout), 'SIGKILL');
      expect(await killed.ended).to.equal(1);
      expect(killed.output()).to.equal('Ward did not start: its first worker was killed by SIGKILL\n');
      await holder.query('ROLLBACK');
      const server = await start({ WORKERS: '2' });
      await expectOneServer([server]);
      await stop([server]);
    });
  });
}
