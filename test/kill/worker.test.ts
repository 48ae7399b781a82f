/** One of several workers is killed under load: the others continue, and a new one replaces it. */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { Deeds } from '../faults/deeds.ts';
import { Load } from '../faults/load.ts';
import { DATABASE_KIND } from '../harness/database.ts';
import { LONG } from '../harness/generated.ts';
import { asRoot, startServer, type TestServer } from '../harness/server.ts';
import { until } from '../server/poll.ts';
import { listening, logged } from '../server/processes.ts';
import { readMetrics } from '../server/samples.ts';

const WRITERS = 4;
// Workers that keep dying are restarted with growing delays.
const KILLS = LONG ? 5 : 2;

// SQLite allows only one process.
(DATABASE_KIND === 'postgres' ? describe : describe.skip)('kill: one worker of two', function () {
  this.timeout(KILLS * 20_000 + 30_000);
  let server: TestServer;
  before(async () => {
    server = await startServer({ env: { WORKERS: '2' } });
    await listening(server, 2);
  });
  after(() => server.stop());

  it(`${KILLS} times under load: every answered write is there, every other whole or absent`, async () => {
    const load = new Load(server, WRITERS);
    const deeds = new Deeds(server);
    await deeds.begin();
    const killed = new Set<number>();
    for (let kill = 1; kill <= KILLS; kill += 1) {
      await load.goesOn();
      await deeds.doneTwiceMore();
      const [longest = 0] = logged(server, '"msg":"Listening on').filter((pid) => !killed.has(pid));
      killed.add(longest);
      process.kill(longest, 'SIGKILL');
      await load.goesOn();
      await listening(server, 2 + kill);
    }
    await load.goesOn();
    await deeds.doneTwiceMore();
    await load.stop();
    await deeds.stop();
    await load.check();
    await deeds.check();
    expect(logged(server, 'A worker exited (SIGKILL)')).to.have.length(KILLS);
    // Each writer has one request in flight, and only those at the killed worker get no answer.
    expect(load.count('open'), 'writes without an answer').to.be.at.most(KILLS * WRITERS);
    await until('both tell their metrics', async () => {
      const samples = await readMetrics(server);
      return ['1', '2'].every((worker) => samples.get(`ward_worker_up{worker="${worker}"}`) === 1);
    });
    expect((await server.request('GET', '/Patient?_summary=count', { as: asRoot })).status).to.equal(200);
  });
});
