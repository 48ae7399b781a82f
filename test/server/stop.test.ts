/** SIGTERM, SIGINT and SIGHUP: no new connections, what is in flight is finished, exit code 0. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { readConfig } from '../../server/config.ts';
import { type Patience, type RunningServer, startServer as startInProcess } from '../../server/start.ts';
import { freshDatabase, type TestDatabase } from '../harness/database.ts';
import { startClockedServer } from '../harness/in-process.ts';
import { asRoot, startServer, TEST_SETTINGS } from '../harness/server.ts';
import { until } from './poll.ts';
import { signal } from './processes.ts';
import { openRaw, postHead, ROOT_AUTHORIZATION } from './raw.ts';

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
    await until('its end', () => isOver(server.pid));
    expect(await server.stop()).to.equal(0);

    const id = /"id":"([^"]+)"/.exec(answer)?.[1];
    const next = await startClockedServer({}, database);
    expect((await next.request('GET', `/Patient/${id}`, { as: asRoot })).at('active')).to.equal(true);
    await next.stop();
    await database.drop();
  });

  it('SIGINT: idle connections do not hold it, and a signal that is told twice does not hurry it', async () => {
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

  it('SIGHUP, as a terminal sends that is closed: the same', async () => {
    const server = await startServer();
    const half = await openRaw(server.port);
    half.send(postHead('/Patient', ['Content-Type: application/json', 'Content-Length: 2', 'Expect: 100-continue']));
    await half.received(/100 Continue/);
    process.kill(server.pid, 'SIGHUP');
    await until('the stop', () => server.output().includes('Stopping'));
    half.send('{}');
    expect(await half.rest()).to.match(/HTTP\/1\.1 201 Created/);
    await until('its end', () => isOver(server.pid));
    expect(await server.stop()).to.equal(0);
    expect(server.output()).to.include('Stopped');
  });

  it('a second signal, later than npm passes one on, ends it at once, whatever is under way', async () => {
    const server = await startServer();
    const half = await openRaw(server.port);
    const headers = ['Content-Type: application/json', 'Content-Length: 100', 'Expect: 100-continue'];
    half.send(postHead('/Patient', headers));
    await half.received(/100 Continue/);
    const begun = performance.now();
    await until('its end', () => {
      signal(server.pid, 'SIGTERM');
      return server.output().includes('exiting now');
    });
    expect(await server.stop()).to.equal(1);
    expect(performance.now() - begun, 'milliseconds').to.be.within(1000, 20_000);
    expect(server.output()).to.not.include('Stopped');
  });

  describe('and callers who are slow', () => {
    let database: TestDatabase;
    beforeEach(async () => {
      database = await freshDatabase();
    });
    afterEach(() => database.drop());
    const start = (patience: Partial<Patience>): Promise<RunningServer> => {
      const settings = { ...TEST_SETTINGS, DATABASE_URL: database.url, LOG_LEVEL: 'silent' };
      return startInProcess(readConfig(settings), {
        ports: { clock: Date.now, random: randomBytes },
        patience: patience,
      });
    };

    it('a request that was sent by half does not hold it for longer than it may take to arrive', async () => {
      const server = await start({ request: 500 });
      const halves = [await openRaw(server.port), await openRaw(server.port)];
      const headers = ['Content-Type: application/json', 'Content-Length: 100', 'Expect: 100-continue'];
      halves[0]?.send(postHead('/Patient', headers));
      await halves[0]?.received(/100 Continue/);
      halves[0]?.send('{"a');
      halves[1]?.send('GET /health HTTP/1.1\r\nHost: x\r\n\r\nGET /health HTTP/1.1\r\nX-Half: ');
      await halves[1]?.received(/"pass"/);
      await server.close();
      expect(await halves[0]?.rest()).to.match(/^HTTP\/1\.1 408 /m);
      expect((await halves[1]?.rest())?.match(/^HTTP\/1\.1 200 /gm)).to.have.lengthOf(1);
    });

    it('what is still being sent of a request that was refused does not hold it', async () => {
      const server = await start({});
      const raw = await openRaw(server.port, true);
      raw.send(postHead('/Patient', ['Content-Type: application/json', 'Content-Length: 10000000']));
      await raw.received(/too-long/);
      const begun = performance.now();
      await server.close();
      expect(performance.now() - begun, 'milliseconds').to.be.below(20_000);
      raw.socket.destroy();
    });

    it('an answer that is being read is sent to its end', async () => {
      const server = await start({});
      // Together more than the system takes of an answer that nobody reads; no search looks at it.
      const extension = [{ url: 'http://example.org/long', valueString: 'x'.repeat(900_000) }];
      const bodies = Array.from({ length: 9 }, () => JSON.stringify({ resourceType: 'Patient', extension }));
      const headers = { authorization: ROOT_AUTHORIZATION.slice('Authorization: '.length) };
      for (const body of bodies) {
        const sent = { method: 'POST', headers: { ...headers, 'content-type': 'application/json' }, body };
        expect((await fetch(`http://127.0.0.1:${server.port}/Patient`, sent)).status).to.equal(201);
      }
      const raw = await openRaw(server.port);
      raw.send(`GET /Patient HTTP/1.1\r\nHost: x\r\n${ROOT_AUTHORIZATION}\r\n\r\n`);
      await raw.received(/\r\n\r\n/);
      raw.socket.pause();
      const closed = server.close();
      await until('the stop', () => isRefused(server.port));
      raw.socket.resume();
      await closed;
      const answer = await raw.rest();
      const [, length] = /^Content-Length: (\d+)\r$/im.exec(answer) ?? [];
      expect(Number(length)).to.be.above(bodies.join('').length);
      expect(answer.length - answer.indexOf('\r\n\r\n') - 4).to.equal(Number(length));
    });
  });
});

/** Whether a process has ended by itself: a second signal, later than the first, would make another end of it. */
function isOver(pid: number): boolean {
  try {
    return !process.kill(pid, 0);
  } catch {
    return true;
  }
}

async function isRefused(port: number): Promise<boolean> {
  const socket = connect({ host: '127.0.0.1', port });
  return once(socket, 'connect').then(
    () => {
      socket.destroy();
      return false;
    },
    () => true,
  );
}
