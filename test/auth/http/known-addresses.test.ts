/** Nodes note in one order from where accounts have proved themselves. */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import pg from 'pg';
import { DATABASE_KIND, type TestDatabase } from '../../harness/database.ts';
import { startClockedServer } from '../../harness/in-process.ts';
import { preparedDatabase } from '../../harness/prepared.ts';
import { until } from '../../server/poll.ts';
import { readMetrics } from '../../server/samples.ts';
import { type Api, apiOf } from './api.ts';

const ACCOUNTS = Array.from({ length: 40 }, (_, at) => `known-${at}`);

// A SQLite file has one process.
if (DATABASE_KIND === 'postgres') {
  describe('known addresses of two nodes', () => {
    let database: TestDatabase;
    let nodes: [Api, Api];
    let client: pg.Client;
    const running = new Set<Api>();
    const stop = async () => {
      for (const node of running) {
        running.delete(node);
        await node.stop();
      }
    };
    before(async () => {
      database = await preparedDatabase();
      const start = async () => {
        const node = apiOf(await startClockedServer({}, database), '');
        running.add(node);
        return node;
      };
      nodes = [await start(), await start()];
      for (const id of ACCOUNTS) await nodes[0].put(`/Client/${id}`, { secret: 'right', grant_types: ['basic'] });
      client = new pg.Client({ connectionString: database.url });
      await client.connect();
    });
    after(async () => {
      await client.end();
      await stop();
      await database.drop();
    });

    const count = async (sql: string) => Number((await client.query<{ count: string }>(sql)).rows[0]?.count);

    it('no node waits for one that waits for it', async () => {
      // The root client is known to both from here on: it asks for the metrics while nothing can be noted.
      for (const node of nodes) await readMetrics(node);
      await client.query('BEGIN; LOCK TABLE known_address IN SHARE MODE');
      const prove = (node: Api, accounts: string[]) =>
        accounts.map((id) => node.request('GET', '/Patient', { as: { basic: [id, 'right'] } }));
      const [one, other] = nodes;
      const proofs = [...prove(one, ACCOUNTS), ...prove(other, ACCOUNTS.toReversed())];
      await until('each node waits to note the first', async () => {
        const waiting =
          "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
        return (await count(waiting)) === 2;
      });
      for (const node of [one, other]) {
        const hashing = async () => (await readMetrics(node)).get('ward_secrets_waiting');
        await until('the others are proved', async () => (await hashing()) === 0);
      }
      await client.query('COMMIT');
      for (const { status } of await Promise.all(proofs)) expect(status).to.equal(403);
      expect(await count('SELECT count(*) FROM known_address')).to.be.at.least(ACCOUNTS.length);
      // What a connection has counted is told once it is closed.
      await stop();
      const deadlocks = 'SELECT deadlocks AS count FROM pg_stat_database WHERE datname = current_database()';
      expect(await count(deadlocks)).to.equal(0);
    });
  });
}
