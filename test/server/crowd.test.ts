/** Many callers at once: each connection is answered, and what cannot be done in time is refused whole. */
import { Agent } from 'node:http';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { LONGEST_WAIT } from '../../resources/pace/bounded-queue.ts';
import { type Reply, request } from '../harness/http.ts';
import { asRoot, startServer, type TestServer } from '../harness/server.ts';
import { holdWriter } from './hold-writer.ts';
import { until } from './poll.ts';
import { readMetrics } from './samples.ts';

const CROWD = 1000;

describe('server: a crowd', () => {
  let server: TestServer;
  let agent: Agent;
  before(async () => {
    server = await startServer({ env: { LOG_LEVEL: 'fatal' } });
    agent = new Agent({ keepAlive: true, maxSockets: CROWD, maxFreeSockets: CROWD });
    await server.request('PUT', '/Patient/p', { as: asRoot, json: { active: true } });
  });
  after(async () => {
    agent.destroy();
    await server.stop();
  });

  const all = (method: string, path: string, json?: object): Promise<Reply[]> =>
    Promise.all(
      Array.from({ length: CROWD }, () => {
        const options = { as: asRoot, timeout: 60_000, ...(json ? { json } : {}) };
        return request(server.url, agent, method, path, options);
      }),
    );

  it(`${CROWD} open connections are each answered, again and again`, async () => {
    const patient = await server.request('GET', '/Patient/p', { as: asRoot });
    for (let round = 0; round < 2; round += 1) {
      const replies = await all('GET', '/Patient/p');
      expect([...new Set(replies.map(({ status, text }) => `${status} ${text}`))]).to.eql([`200 ${patient.text}`]);
    }
    expect((await readMetrics(server)).get('ward_http_connections')).to.be.at.least(CROWD);
  });

  it(`${CROWD} writes at once are each stored and answered 201, or not stored and answered 503`, async () => {
    const replies = await all('POST', '/Observation', { status: 'final', code: { text: 'crowd' } });
    const stored = replies.filter(({ status }) => status === 201);
    expect(stored.length).to.be.above(0);
    for (const reply of replies.filter(({ status }) => status !== 201)) {
      expect([reply.status, reply.header('retry-after')], reply.text).to.deep.equal([503, '1']);
    }
    const counted = await server.request('GET', '/Observation?_summary=count', { as: asRoot });
    expect(counted.at('total')).to.equal(stored.length);
  });

  it('writes that wait for a database that does not move are refused in time, reads are served', async () => {
    const { release } = await holdWriter(server.database.url);
    const began = performance.now();
    const took: number[] = [];
    const write = async (id: string) => {
      const reply = await server.request('PUT', `/Patient/${id}`, { as: asRoot, json: {} });
      // The foremost is under way, and is answered when the database moves again.
      if (reply.status === 503 && took.push(performance.now() - began) === 2) await release();
      return reply;
    };
    const read = async () => expect((await server.request('GET', '/Patient/p', { as: asRoot })).status).to.equal(200);
    const writes = [write('a')];
    // By then its group has been closed: those that came with it would not wait for it.
    for (let times = 0; times < 5; times += 1) await read();
    writes.push(write('b'), write('c'));
    await until('two writes to wait', async () => (await readMetrics(server)).get('ward_writes_waiting') === 2);
    await read();
    const statuses = (await Promise.all(writes)).map(({ status }) => status);
    expect([...statuses].sort()).to.deep.equal([201, 503, 503]);
    for (const milliseconds of took) expect(milliseconds).to.be.within(LONGEST_WAIT / 2, 2 * LONGEST_WAIT);
    expect((await server.request('PUT', '/Patient/d', { as: asRoot, json: {} })).status).to.equal(201);
  });
});
