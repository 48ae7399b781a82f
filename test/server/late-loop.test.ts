/** Whoever has waited too long for the event loop is told to come back: those behind them have waited as long. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { LONGEST_WAIT } from '../../resources/waiting-line.ts';
import { type ClockedServer, startClockedServer } from '../harness/in-process.ts';
import { asRoot } from '../harness/server.ts';

/** What Node tells of each request before the server sees it. */
const ARRIVAL = 'http.server.request.start';

describe('server: a late event loop', () => {
  let server: ClockedServer;
  before(async () => {
    server = await startClockedServer();
  });
  after(() => server.stop());

  /** Sends a request that the loop comes to so late. */
  async function askLate(milliseconds: number, path: string, method = 'GET') {
    const block = () => {
      const end = performance.now() + milliseconds;
      while (performance.now() < end);
    };
    subscribe(ARRIVAL, block);
    const reply = await server.request(method, path, { as: asRoot, ...(method === 'POST' ? { form: 'a=b' } : {}) });
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

  it('a little late is served', async () => {
    expect((await askLate(50, '/Patient')).status).to.equal(200);
  });
});
