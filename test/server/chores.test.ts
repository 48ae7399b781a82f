/** What the server does by itself when it is due. */
import { expect } from 'chai';
import { describe, it } from 'mocha';
import { startClockedServer } from '../harness/in-process.ts';
import { asRoot } from '../harness/server.ts';
import { until } from './poll.ts';

describe('server: chores', () => {
  it('go on where the clock is set back: what happens then is in the audit', async () => {
    const server = await startClockedServer();
    server.pass(-3600);
    expect((await server.request('GET', '/Patient')).status).to.equal(401);
    server.pass(11);
    await until('the event', async () => {
      const found = await server.request('GET', '/AuditEvent?_summary=count', { as: asRoot });
      return found.at('total') === 1;
    });
    await server.stop();
  });
});
