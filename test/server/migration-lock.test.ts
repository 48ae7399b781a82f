/** On PostgreSQL whoever migrates makes the others wait: servers, `migrate` and the knex command line. */
import { expect } from 'chai';
import { describe, it } from 'mocha';
import pg from 'pg';
import { holdDatabase } from '../../server/database.ts';
import { serverEntry } from '../harness/build.ts';
import { DATABASE_KIND, freshDatabase } from '../harness/database.ts';
import { run } from './command.ts';

const COMMANDS = {
  migrate: ['dist/commands/migrate.js'],
  'knex migrate:latest': ['--import', 'tsx', 'node_modules/knex/bin/cli.js', 'migrate:latest'],
};

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
        // For longer than other statements may take.
        const waiting =
          "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'advisory'" +
          " AND query_start < now() - interval '200 ms'";
        const deadline = Date.now() + 10_000;
        while ((await count(waiting)) === 0) {
          expect(Date.now(), 'nobody waits for the lock').to.be.below(deadline);
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
        const tables = "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'";
        expect(await count(tables)).to.equal(0);
        await held.release();
        const { code, output } = await migrating;
        expect(code, output).to.equal(0);
        expect(await count(tables)).to.be.above(5);
        await observer.end();
        await database.drop();
      }).timeout(30_000);
    }
  });
}
