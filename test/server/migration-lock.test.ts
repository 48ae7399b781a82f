/** On PostgreSQL whoever migrates makes the others wait: servers, `migrate` and the knex command line. */
import { expect } from 'chai';
import { describe, it } from 'mocha';
import pg from 'pg';
import { holdDatabase } from '../../server/database/database.ts';
import { serverEntry } from '../harness/build.ts';
import { DATABASE_KIND, freshDatabase } from '../harness/database.ts';
import { spawnServer } from '../harness/process.ts';
import { TEST_SETTINGS } from '../harness/server.ts';
import { run } from './command.ts';
import { until } from './poll.ts';

const COMMANDS = {
  migrate: ['dist/commands/migrate.js'],
  'knex migrate:latest': ['--import', 'tsx', 'node_modules/knex/bin/cli.js', 'migrate:latest'],
};

/** Those who wait for longer than other statements may take. */
const WAITING =
  "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'advisory'" +
  " AND query_start < now() - interval '200 ms'";

if (DATABASE_KIND === 'postgres') {
  describe('server: the lock of migrations', () => {
    for (const [name, args] of Object.entries(COMMANDS)) {
      it(`${name} waits for another that migrates`, async () => {
        serverEntry();
        const database = await freshDatabase();
        const held = await holdDatabase(database.url);
        const observer = new pg.Client({ connectionString: database.url });
        await observer.connect();
        const count = async (sql: string) => Number((await observer.query<{ count: string }>(sql)).rows[0]?.count);
        const migrating = run(process.execPath, args, { DATABASE_URL: `${database.url}?query_timeout=100` });
        await until('somebody waits for the lock', async () => (await count(WAITING)) > 0);
        const tables = "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'";
        expect(await count(tables)).to.equal(0);
        await held.release();
        const { code, output } = await migrating;
        expect(code, output).to.equal(0);
        expect(await count(tables)).to.be.above(5);
        await observer.end();
        await database.drop();
      });
    }

    for (const WORKERS of ['1', '2']) {
      it(`SIGTERM ends a start that waits for it, with WORKERS=${WORKERS}`, async () => {
        const database = await freshDatabase();
        const held = await holdDatabase(database.url);
        const observer = new pg.Client({ connectionString: database.url });
        await observer.connect();
        const waiting = async () => Number((await observer.query<{ count: string }>(WAITING)).rows[0]?.count);
        const { child, ended, output } = spawnServer({ ...TEST_SETTINGS, DATABASE_URL: database.url, WORKERS });
        await until('it waits for the lock', async () => (await waiting()) > 0);
        child.kill('SIGTERM');
        expect(await ended, output()).to.equal(0);
        await held.release();
        await observer.end();
        await database.drop();
      });
    }
  });
}
