/** Whoever has waited too long for the event loop is told to come back: those behind them have waited as long. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { LONGEST_WAIT } from '../../resources/pace/bounded-queue.ts';
import type { TestDatabase } from '../harness/database.ts';
import { type ClockedServer, startClockedServer } from '../harness/in-process.ts';
import { preparedDatabase } from '../harness/prepared.ts';
import { asRoot } from '../harness/server.ts';
import { holdWriter } from './hold-writer.ts';

/** What Node tells of each request before the server sees it. */
const ARRIVAL = 'http.server.request.start';

describe('server: a late event loop', () => {
  let database: TestDatabase;
  let server: ClockedServer;
  before(async () => {
    database = await preparedDatabase();
    server = await startClockedServer({}, database);
  });
  after(async () => {
    await server.stop();
    await database.drop();
  });

  /** Sends a request that the loop comes to so late. */
  async function askLate(milliseconds: number, path: string, method = 'GET') {
    const block = () => {
      const end = performance.now() + milliseconds;
      while (performance.now() < end);
    };
    subscribe(ARRIVAL, block);
    const body = { PUT: { json: {} }, POST: { form: 'grant_type=client_credentials' } }[method] ?? {};
    const reply = await server.request(method, path, { as: asRoot, ...body });
    unsubscribe(ARRIVAL, block);
    return reply;
  }

  it('503 with Retry-After, by the errors of the address, and the next is served', async () => {
    const refused = await askLate(LONGEST_WAIT + 200, '/Patient');
    expect([refused.status, refused.header('retry-after'), refused.at('issue.0.code')]).to.deep.equal([
      503,
      '1',
      'transient',
    ]);
    const token = await askLate(LONGEST_WAIT + 200, '/auth/token', 'POST');
    expect([token.status, token.header('retry-after'), token.at('error')]).to.deep.equal([
      503,
      '1',
      'temporarily_unavailable',
    ]);
    expect((await server.request('GET', '/Patient', { as: asRoot })).status).to.equal(200);
  });

  for (const [what, method, path] of [
    ['a resource', 'PUT', '/Patient/b'],
    ['a token', 'POST', '/auth/token'],
  ] as const) {
    it(`who has waited for the loop waits so much less for the queue of writes: for ${what}`, () =>
      waitsLess(method, path));
  }

  async function waitsLess(method: string, path: string): Promise<void> {
    const { release } = await holdWriter(database.url);
    const stuck = server.request('PUT', '/Patient/a', {
      as: asRoot,
      json: { id: 'a', implicitRules: `urn:${method}` },
    });
    // By then its group has been closed: those that came with it would not wait for it.
    for (let times = 0; times < 5; times += 1) await server.request('GET', '/Patient', { as: asRoot });
    const began = performance.now();
    const refused = await askLate((2 / 3) * LONGEST_WAIT, path, method);
    const took = performance.now() - began;
    await release();
    expect([refused.status, refused.header('retry-after')], refused.text).to.deep.equal([503, '1']);
    expect(took).to.be.below((4 / 3) * LONGEST_WAIT);
    expect((await stuck).status).to.be.oneOf([200, 201]);
  }

  it('a little late is served', async () => {
    expect((await askLate(50, '/Patient')).status).to.equal(200);
  });
});
