/** A request that trickles in is ended after a time: slow headers and slow bodies. */
import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { readConfig } from '../../server/config.ts';
import { REQUEST_TIMEOUT, type RunningServer, startServer } from '../../server/start.ts';
import type { TestDatabase } from '../harness/database.ts';
import { preparedDatabase } from '../harness/prepared.ts';
import { ROOT } from '../harness/server.ts';
import { until } from './poll.ts';
import { openRaw, postHead } from './raw.ts';

describe('server: slow body', () => {
  let database: TestDatabase;
  let server: RunningServer;
  before(async () => {
    database = await preparedDatabase();
    const settings = { PORT: '0', DATABASE_URL: database.url, ROOT_CLIENT_SECRET: ROOT.secret, LOG_LEVEL: 'silent' };
    server = await startServer(readConfig(settings), {
      ports: { clock: Date.now, random: randomBytes },
      patience: { request: 200 },
    });
  });
  after(async () => {
    await server.close();
    await database.drop();
  });

  it('has half a minute, unless a test says otherwise', () => {
    expect(REQUEST_TIMEOUT).to.equal(30_000);
  });

  for (const [name, text] of [
    [
      'a body that does not end',
      `${postHead('/Patient', ['Content-Type: application/json', 'Content-Length: 100'])}{"a`,
    ],
    [
      'chunks that do not end',
      `${postHead('/Patient', ['Content-Type: application/json', 'Transfer-Encoding: chunked'])}2\r\n{"`,
    ],
    ['a connection that never sends anything', ''],
    ['headers that do not end', 'GET /Patient HTTP/1.1\r\nHost: x\r\nX-Slow: '],
  ] as const) {
    it(`${name}: 408 without a body or an id, and the connection is closed`, async () => {
      const raw = await openRaw(server.port);
      raw.send(text);
      await until('the end of the connection', () => raw.socket.closed);
      expect(await raw.rest()).to.match(/^HTTP\/1\.1 408 [^\r]*\r\nConnection: close\r\n\r\n$/);
    });
  }

  it('a connection that was answered is kept for longer than balancers keep theirs, and says so', async () => {
    const raw = await openRaw(server.port);
    raw.send('GET /health HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(await raw.received(/"pass"/)).to.match(/^Keep-Alive: timeout=75\r$/m);
    raw.socket.destroy();
  });

  it('one that arrives in time is served', async () => {
    const raw = await openRaw(server.port);
    raw.send(postHead('/Patient', ['Content-Type: application/json', 'Content-Length: 2', 'Connection: close']));
    raw.send('{}');
    expect(await raw.rest()).to.match(/^HTTP\/1\.1 201 /);
  });
});
