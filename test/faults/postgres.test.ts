/** A PostgreSQL that ends connections, restarts, crashes and fails over under load, and a server that outlives it. */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import pg from 'pg';
import { type Cluster, startCluster } from '../harness/cluster.ts';
import { DATABASE_KIND } from '../harness/database.ts';
import { preparedDatabase } from '../harness/prepared.ts';
import { startRelay, through } from '../harness/relay.ts';
import { asRoot, startServer } from '../harness/server.ts';
import { until } from '../server/poll.ts';
import { Deeds } from './deeds.ts';
import { Load } from './load.ts';
import { behindRelay, served } from './relayed.ts';

const CUTS = 10;

/** Runs a statement and gives the number of its rows. */
async function query(url: string, sql: string): Promise<number> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const result = await client.query(sql).finally(() => client.end());
  return result.rowCount ?? 0;
}

(DATABASE_KIND === 'postgres' ? describe : describe.skip)('faults: connections that PostgreSQL ends', function () {
  this.timeout(60_000);
  const relayed = behindRelay();

  it('cost no answered write, again and again, and the server goes on', async () => {
    const { database, server } = relayed;
    const load = new Load(server);
    for (let cut = 0; cut < CUTS; cut += 1) {
      await load.goesOn();
      const others = `datname = current_database() AND application_name = 'ward' AND pid <> pg_backend_pid()`;
      await query(database.url, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${others}`);
    }
    await load.goesOn();
    await load.stop();
    await load.check();
    expect(load.count('absent') + load.count('open')).to.be.above(0);
  });

  it('while nobody writes: the next write uses a new one', async () => {
    const { server, relay } = relayed;
    await served(server);
    for (let cut = 0; cut < CUTS; cut += 1) {
      relay.cut();
      await served(server);
      const { status, text } = await server.request('PUT', `/Patient/cut-${cut}`, { as: asRoot, json: {} });
      expect(status, text).to.equal(201);
    }
  });

  it('between a commit and its answer: the write is stored, and nobody was told that it is not', async () => {
    const { server, relay } = relayed;
    await served(server);
    const write = (id: string) => server.request('PUT', `/Patient/${id}`, { as: asRoot, json: {} });
    // On a new connection the text of each statement is sent once; later it is known by its name.
    relay.cut();
    await served(server);
    relay.swallow('COMMIT');
    await until('a commit is cut off', async () => {
      const reply = await write('doubt');
      if (!relay.swallowed()) return false;
      expect(reply.status).to.equal(503);
      expect(reply.header('retry-after')).to.equal('1');
      expect(reply.string('issue.0.diagnostics')).to.match(/may be stored|stored as a whole or not at all/);
      return true;
    });
    expect((await server.request('GET', '/Patient/doubt', { as: asRoot })).status).to.equal(200);
    expect((await write('after')).status).to.equal(201);
  });
});

(DATABASE_KIND === 'postgres' ? describe : describe.skip)('faults: a PostgreSQL whose host vanishes', function () {
  this.timeout(60_000);
  const relayed = behindRelay('?query_timeout=1000');

  it('without ending a connection: callers are told, and the server goes on when it is back', async () => {
    const { server, relay } = relayed;
    const load = new Load(server);
    await load.goesOn();
    relay.vanish();
    await until('writes are refused', () => load.count('absent') >= 8, 15_000);
    const reply = await server.request('GET', '/Patient/f0', { as: asRoot, timeout: 15_000 });
    expect([reply.status, reply.header('retry-after')]).to.eql([503, '1']);
    relay.appear();
    await load.goesOn();
    await load.stop();
    await load.check();
    expect((await server.request('GET', '/health')).status).to.equal(200);
  });

  it('a stop does not wait for what cannot come any more', async () => {
    const { server, relay } = relayed;
    await served(server);
    expect((await server.request('PUT', '/Patient/last', { as: asRoot, json: {} })).status).to.equal(201);
    relay.vanish();
    expect(await server.stop()).to.equal(0);
    expect(server.output()).to.include('Stopped');
  }).timeout(20_000);
});

(DATABASE_KIND === 'postgres' ? describe : describe.skip)('faults: a statement that takes too long', () => {
  it('is aborted by PostgreSQL too: it would run on there, in a connection that nobody holds', async () => {
    const database = await preparedDatabase();
    const own = { ...database, url: `${database.url}?query_timeout=300` };
    const server = await startServer({ database: own });
    const lock = new pg.Client({ connectionString: database.url });
    await lock.connect();
    await lock.query('BEGIN; LOCK TABLE search_string');
    const { status, text } = await server.request('GET', '/Patient?name=slow', { as: asRoot });
    expect(status, text).to.equal(503);
    const waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
    await until('nothing waits for the lock', async () => (await query(database.url, waiting)) === 0, 5000);
    await lock.end();
    expect((await server.request('GET', '/Patient?name=slow', { as: asRoot })).status).to.equal(200);
    await server.stop();
    await database.drop();
  });
});

(DATABASE_KIND === 'postgres' ? describe : describe.skip)('faults: a PostgreSQL that goes away', function () {
  this.timeout(60_000);
  let cluster: Cluster;
  before(async function () {
    cluster = await startCluster(this);
  });
  after(() => cluster?.remove());

  for (const mode of ['fast', 'immediate'] as const) {
    it(`restarted (${mode}) mid-write, it is waited for, and every answered write is there`, async () => {
      const server = await startServer({ database: cluster.database });
      const load = new Load(server);
      const deeds = new Deeds(server);
      await deeds.begin();
      await load.goesOn();
      await deeds.doneTwiceMore();
      await cluster.stop(mode);
      await until('writes are refused', () => load.count('absent') >= 8, 15_000);
      const reply = await server.request('GET', '/Patient/f0', { as: asRoot });
      expect([reply.status, reply.header('retry-after')]).to.eql([503, '1']);
      expect((await server.request('GET', '/health')).status).to.equal(503);
      await cluster.start();
      await load.goesOn();
      await deeds.doneTwiceMore();
      await load.stop();
      await deeds.stop();
      await load.check();
      await deeds.check();
      expect((await server.request('GET', '/health')).status).to.equal(200);
      await server.stop();
      await query(cluster.database.url, 'DROP SCHEMA public CASCADE; CREATE SCHEMA public');
    });
  }

  it('failed over mid-write to one that follows it, it has every answered write', async () => {
    const standby = await cluster.follow();
    await query(cluster.database.url, `ALTER SYSTEM SET synchronous_standby_names = '*'`);
    await query(cluster.database.url, 'SELECT pg_reload_conf()');
    const synchronous = `SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'`;
    await until('a commit waits for both', async () => (await query(cluster.database.url, synchronous)) === 1);
    const relay = await startRelay(cluster.port);
    const server = await startServer({ database: through(relay, cluster.database) });
    const load = new Load(server);
    const deeds = new Deeds(server);
    await deeds.begin();
    await load.goesOn();
    await deeds.doneTwiceMore();
    await cluster.stop('immediate');
    await until('writes are refused', () => load.count('absent') >= 8, 15_000);
    await standby.promote();
    relay.turn(standby.port);
    await load.goesOn();
    await deeds.doneTwiceMore();
    await load.stop();
    await deeds.stop();
    await load.check();
    await deeds.check();
    await server.stop();
    await relay.close();
    await standby.remove();
  });
});
