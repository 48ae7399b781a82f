/** An address that leads to a standby for a while, as DNS and proxies have it: nothing is answered from there. */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import pg from 'pg';
import { ConfigError } from '../../server/config.ts';
import { openDatabase } from '../../server/database/database.ts';
import { type Api, apiOf } from '../auth/http/api.ts';
import { type Cluster, startCluster } from '../harness/cluster.ts';
import { DATABASE_KIND } from '../harness/database.ts';
import { startClockedServer } from '../harness/in-process.ts';
import { type Relay, startRelay, through } from '../harness/relay.ts';
import { until } from '../server/poll.ts';

(DATABASE_KIND === 'postgres' ? describe : describe.skip)('faults: an address that leads to a standby', () => {
  let primary: Cluster;
  let standby: Cluster;
  let relay: Relay;
  let server: Api;
  before(async function () {
    primary = await startCluster(this, { fsync: 'off' });
    standby = await primary.follow();
    relay = await startRelay(primary.port);
    const started = await startClockedServer({}, through(relay, primary.database));
    server = apiOf(started, started.baseUrl);
    await server.put('/Client/app', { secret: 'a', grant_types: ['client_credentials'] });
    await server.put('/AccessPolicy/app', { engine: 'allow', link: [{ reference: 'Client/app' }] });
  });
  after(async () => {
    await server?.stop();
    await relay?.close();
    await standby?.remove();
    await primary?.remove();
  });

  const ask = async <Row extends object>({ database }: Cluster, sql: string): Promise<Row[]> => {
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    const { rows } = await client.query<Row>(sql).finally(() => client.end());
    return rows;
  };
  const onStandby = (sql: string) => ask(standby, sql);
  const basic = { as: { basic: ['app', 'a'] } } as const;
  const grant = async () => (await server.granted({ grant_type: 'client_credentials' }, basic)).string('access_token');

  it('reads no token from it, and holds to no connection that led there', async () => {
    const token = await grant();
    // The standby may not have the tables yet: it is asked how far it has come, and not what is in them.
    const [written] = await ask<{ place: string }>(primary, 'SELECT pg_current_wal_lsn() AS place');
    const replayed = `SELECT 1 WHERE pg_last_wal_replay_lsn() >= '${written?.place}'`;
    await until('the standby has the token', async () => (await onStandby(replayed)).length > 0);
    await onStandby('SELECT pg_wal_replay_pause()');
    relay.turn(standby.port);
    relay.cut();
    for (let at = 0; at < 5; at += 1) expect(await server.statusWith(token)).to.equal(503);
    expect((await server.request('GET', '/health')).status).to.equal(503);

    relay.turn(primary.port);
    await until('it serves', async () => (await server.statusWith(token)) === 200);
    const revoke = () => server.request('POST', '/auth/revoke', { form: { token }, ...basic });
    await until('it writes', async () => (await revoke()).status === 200);
    const statuses = await Promise.all(Array.from({ length: 30 }, () => server.statusWith(token)));
    expect(new Set(statuses)).to.eql(new Set([401]));
    await onStandby('SELECT pg_wal_replay_resume()');
  });

  it('a start on it is refused, with what is the matter', async () => {
    const problem: unknown = await startClockedServer({}, standby.database).then(
      () => 'none',
      (error: unknown) => error,
    );
    expect(problem).to.be.instanceOf(ConfigError);
    expect(String(problem)).to.match(/DATABASE_URL cannot be opened: it is a standby/);
  });

  it('no connection is left open that a writer could not use', async () => {
    const database = await openDatabase(standby.database.url);
    for (let attempt = 0; attempt < 3; attempt += 1) {
      const refusal = await database.openWriter().then(
        () => 'opened',
        (error: unknown) => String(error),
      );
      expect(refusal).to.match(/it is a standby/);
    }
    const open = "SELECT pid FROM pg_stat_activity WHERE application_name = 'ward'";
    await until('they have ended', async () => (await onStandby(open)).length === 0);
    await database.close();
  });
});
