/** SIGTERM and SIGINT: no new connections, what is in flight is finished, exit code 0. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { readConfig } from '../../server/config.ts';
import { type RunningServer, startServer as startInProcess } from '../../server/start.ts';
import { freshDatabase, type TestDatabase } from '../harness/database.ts';
import { startClockedServer } from '../harness/in-process.ts';
import { asRoot, startServer, TEST_SETTINGS } from '../harness/server.ts';
import { until } from './poll.ts';
import { openRaw, postHead } from './raw.ts';

describe('server: graceful stop', () => {
  it('SIGTERM: a request in flight is answered and stored, others are not taken, exit code 0', async () => {
    const database = await freshDatabase();
    const server = await startServer({ database });
    const raw = await openRaw(server.port);
    const body = '{"resourceType":"Patient","active":true}';
    const headers = ['Content-Type: application/json', `Content-Length: ${body.length}`, 'Expect: 100-continue'];
    raw.send(postHead('/Patient', headers));
    await raw.received(/100 Continue/);
    raw.send(body.slice(0, 10));

    process.kill(server.pid, 'SIGTERM');
    await until('the stop', () => server.output().includes('Stopping'));
    const late = connect({ host: '127.0.0.1', port: server.port });
    const [refusal] = (await once(late, 'error')) as [NodeJS.ErrnoException];
    expect(refusal.code).to.equal('ECONNREFUSED');

    raw.send(body.slice(10));
    const answer = await raw.rest();
    expect(answer).to.match(/HTTP\/1\.1 201 Created/);
    // Whoever would ask again on it learns that it ends.
    expect(answer).to.match(/^Connection: close\r$/m);
    expect(await server.stop()).to.equal(0);

    const id = /"id":"([^"]+)"/.exec(answer)?.[1];
    const next = await startClockedServer({}, database);
    expect((await next.request('GET', `/Patient/${id}`, { as: asRoot })).at('active')).to.equal(true);
    await next.stop();
    await database.drop();
  });

  it('SIGINT: idle connections do not hold it, and a second signal does not hurry it', async () => {
    const server = await startServer();
    const idle = await openRaw(server.port);
    idle.send('GET /health HTTP/1.1\r\nHost: x\r\n\r\n');
    await idle.received(/"pass"/);
    await openRaw(server.port);
    process.kill(server.pid, 'SIGINT');
    process.kill(server.pid, 'SIGINT');
    expect(await server.stop()).to.equal(0);
    expect(server.output()).to.include('Stopped');
  });

  describe('with little patience', () => {
    const PATIENCE = 200;
    let database: TestDatabase;
    let server: RunningServer;
    beforeEach(async () => {
      database = await freshDatabase();
      const settings = { ...TEST_SETTINGS, DATABASE_URL: database.url, LOG_LEVEL: 'silent' };
      const ports = { clock: Date.now, random: randomBytes };
      server = await startInProcess(readConfig(settings), ports, { request: PATIENCE });
    });
    afterEach(() => database.drop());

    it('a request that was sent by half does not hold it for longer than it might take to arrive', async () => {
      const halves = [await openRaw(server.port), await openRaw(server.port)];
      const headers = ['Content-Type: application/json', 'Content-Length: 100', 'Expect: 100-continue'];
      halves[0]?.send(postHead('/Patient', headers));
      await halves[0]?.received(/100 Continue/);
      halves[0]?.send('{"a');
      halves[1]?.send('GET /health HTTP/1.1\r\nHost: x\r\n\r\nGET /health HTTP/1.1\r\nX-Half: ');
      await halves[1]?.received(/"pass"/);
      await server.close();
      for (const half of halves) expect(await half.rest()).not.to.match(/"Patient"|OperationOutcome/);
    });

    it('a request that is whole is answered, however long that takes', async () => {
      // Secrets are hashed one after another.
      const asked = Array.from({ length: 20 }, (_, at) => {
        const authorization = `Basic ${Buffer.from(`nobody-${at}:wrong`).toString('base64')}`;
        return fetch(`http://127.0.0.1:${server.port}/Patient`, { headers: { authorization } });
      });
      const first = await Promise.race(asked);
      const began = performance.now();
      await server.close();
      const replies = await Promise.all(asked);
      expect(replies.map(({ status }) => status)).to.eql(Array.from({ length: 20 }, () => 401));
      expect(first.status).to.equal(401);
      // Otherwise nothing was shown.
      expect(performance.now() - began).to.be.above(PATIENCE);
    });
  });
});
