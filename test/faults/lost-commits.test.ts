/** A failover that loses commits: nothing of access that was lost is remembered for what was made in its place. */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { type Api, apiOf } from '../auth/http/api.ts';
import { type Cluster, startCluster } from '../harness/cluster.ts';
import { DATABASE_KIND } from '../harness/database.ts';
import { startClockedServer } from '../harness/in-process.ts';
import { type Relay, startRelay, through } from '../harness/relay.ts';
import { asRoot } from '../harness/server.ts';
import { until } from '../server/poll.ts';

(DATABASE_KIND === 'postgres' ? describe : describe.skip)('faults: a failover that loses commits', () => {
  let primary: Cluster;
  let standby: Cluster;
  let relay: Relay;
  let nodes: [Api, Api];
  before(async function () {
    primary = await startCluster(this, { fsync: 'off' });
    relay = await startRelay(primary.port);
    const env = { BASE_URL: 'http://ward.example' };
    const start = async () => apiOf(await startClockedServer(env, through(relay, primary.database)), env.BASE_URL);
    nodes = [await start(), await start()];
  });
  after(async () => {
    for (const node of nodes ?? []) await node.stop();
    await relay?.close();
    await standby?.remove();
    await primary?.remove();
  });

  const policyFor = (...clients: string[]) => ({
    engine: 'allow',
    link: clients.map((id) => ({ reference: `Client/${id}` })),
  });
  const asApp = { as: { basic: ['app', 'a'] } } as const;

  it('a policy that was lost lets nobody pass once another version has its number', async () => {
    const [one, other] = nodes;
    await one.put('/Client/app', { secret: 'a', grant_types: ['basic'] });
    await one.put('/Client/else', { secret: 'b', grant_types: ['basic'] });
    await one.put('/AccessPolicy/p', policyFor('else'));
    // From here on what is stored is in the primary alone, and goes with it.
    standby = await primary.follow();
    await standby.stop('fast');
    expect((await one.put('/AccessPolicy/p', policyFor('app'))).at('meta.versionId')).to.equal('2');
    expect((await other.request('GET', '/Patient', asApp)).status).to.equal(200);
    await primary.stop('immediate');
    await standby.start();
    await standby.promote();
    relay.turn(standby.port);
    await until('another version has its number', async () => {
      const reply = await one.request('PUT', '/AccessPolicy/p', { as: asRoot, json: policyFor('else', 'root') });
      return reply.status === 200 && reply.at('meta.versionId') === '2';
    });
    const status = async () => (await other.request('GET', '/Patient', asApp)).status;
    await until('an answer', async () => (await status()) !== 503);
    expect(await status()).to.equal(403);
  });
});
