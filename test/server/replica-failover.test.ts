/** `DATABASE_READ_URL` after a failover: a replica that still follows the primary of before is not read from. */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import pg from 'pg';
import { ConfigError } from '../../server/config.ts';
import { apiOf } from '../auth/http/api.ts';
import { type Cluster, startCluster } from '../harness/cluster.ts';
import { DATABASE_KIND } from '../harness/database.ts';
import { startClockedServer } from '../harness/in-process.ts';
import { asRoot, startServer } from '../harness/server.ts';
import { until } from './poll.ts';

const ISSUER = 'http://ward.example';
const FOREIGN = 'it does not follow the current primary';

if (DATABASE_KIND === 'postgres') {
  describe('server: a replica that follows the primary of before a failover', () => {
    let old: Cluster;
    let promoted: Cluster;
    let replica: Cluster;
    const env = () => ({ BASE_URL: ISSUER, DATABASE_READ_URL: replica.database.url });
    const ask = async <Row extends pg.QueryResultRow>({ database }: Cluster, sql: string) => {
      const client = new pg.Client({ connectionString: database.url });
      await client.connect();
      return client.query<Row>(sql).finally(() => client.end());
    };
    const place = async (cluster: Cluster, by: string) =>
      (await ask<{ bytes: string }>(cluster, `SELECT ${by}() - '0/0'::pg_lsn AS bytes`)).rows.map(({ bytes }) =>
        Number(bytes),
      )[0] ?? 0;

    before(async function () {
      old = await startCluster(this, { fsync: 'off', full_page_writes: 'off' });
      promoted = await old.follow();
      replica = await old.follow();
      const node = apiOf(await startClockedServer({ BASE_URL: ISSUER }, old.database), ISSUER);
      await node.put('/Patient/one', { name: [{ family: 'before' }] });
      await node.put('/Client/app', { secret: 'a', grant_types: ['basic'] });
      await node.put('/AccessPolicy/app', { engine: 'allow', link: [{ reference: 'Client/app' }] });
      await node.stop();
      const written = await place(old, 'pg_current_wal_flush_lsn');
      for (const cluster of [promoted, replica]) {
        await until('all is replayed', async () => (await place(cluster, 'pg_last_wal_replay_lsn')) >= written);
      }
      await promoted.promote();
    });
    after(async () => {
      for (const each of [replica, promoted, old]) await each?.remove();
    });

    /** It is further than the promoted one will be: by their positions it has replayed whatever is written there. */
    const goAhead = async () => {
      await ask(old, 'CREATE TABLE IF NOT EXISTS junk (t text)');
      await ask(old, "INSERT INTO junk SELECT repeat('x', 200) FROM generate_series(1, 20000)");
      const written = await place(old, 'pg_current_wal_flush_lsn');
      await until('the replica is ahead', async () => (await place(replica, 'pg_last_wal_replay_lsn')) >= written);
    };

    it('a policy deleted after a failover lets nobody pass, and searches are right: it is left alone', async () => {
      await replica.stop('fast');
      const server = await startServer({ database: promoted.database, env: env() });
      await replica.start();
      await goAhead();
      const as = { basic: ['app', 'a'] } as const;
      expect((await server.request('GET', '/Patient/one', { as })).status).to.equal(200);
      expect((await server.request('DELETE', '/AccessPolicy/app', { as: asRoot })).status).to.equal(204);
      expect((await server.request('GET', '/Patient/one', { as })).status).to.equal(403);
      const json = { name: [{ family: 'after' }] };
      expect((await server.request('PUT', '/Patient/one', { as: asRoot, json })).status).to.equal(200);
      const found = await server.request('GET', '/Patient?family=after', { as: asRoot });
      expect(found.at('total')).to.equal(1);
      expect(server.output()).to.include(`Reads go to the primary instead of the replica: ${FOREIGN}`);
      await server.stop();
    });

    it('is refused at the start', async () => {
      await goAhead();
      const problem: unknown = await startClockedServer(env(), promoted.database).then(
        () => 'none',
        (error: unknown) => error,
      );
      expect(problem).to.be.instanceOf(ConfigError);
      expect(String(problem)).to.match(/DATABASE_READ_URL must name a replica of DATABASE_URL/);
    });
  });
}
