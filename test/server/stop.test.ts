/** SIGTERM and SIGINT: no new connections, what is in flight is finished, exit code 0. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import { freshDatabase } from '../harness/database.ts';
import { startClockedServer } from '../harness/in-process.ts';
import { asRoot, startServer } from '../harness/server.ts';
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
});
