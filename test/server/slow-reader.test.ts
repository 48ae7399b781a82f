/** An answer that nobody reads is not held for ever. */
import { randomBytes } from 'node:crypto';
import { Agent } from 'node:http';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { readConfig } from '../../server/config.ts';
import { ANSWER_TIMEOUT } from '../../server/load/slow-readers.ts';
import { type RunningServer, startServer } from '../../server/start.ts';
import type { TestDatabase } from '../harness/database.ts';
import { request } from '../harness/http.ts';
import { preparedDatabase } from '../harness/prepared.ts';
import { ROOT, startServer as spawnServer, TEST_SETTINGS } from '../harness/server.ts';
import { until } from './poll.ts';
import { openRaw, type RawConnection } from './raw.ts';
import { readMetrics } from './samples.ts';

/** More than the system takes of it, so that the rest stays with the server. */
const ANSWERS = 100;
const CROWD = 100;
/** What the system takes of each of them, and more. */
const EACH = 8;
/** How many of them ask together. */
const AT_ONCE = 5;

describe('server: slow reader', () => {
  let database: TestDatabase;
  let server: RunningServer;
  const agent = new Agent({ keepAlive: true });
  before(async () => {
    database = await preparedDatabase();
    const settings = { ...TEST_SETTINGS, DATABASE_URL: database.url, LOG_LEVEL: 'silent' };
    const patience = { answer: 300 };
    server = await startServer(readConfig(settings), { ports: { clock: Date.now, random: randomBytes }, patience });
  });
  after(async () => {
    agent.destroy();
    await server.close();
    await database.drop();
  });

  const ask = (method: string, path: string) => {
    const as = { basic: [ROOT.id, ROOT.secret] } as const;
    return request(`http://127.0.0.1:${server.port}`, agent, method, path, { as });
  };
  const connections = async () => (await readMetrics({ request: ask })).get('ward_http_connections');

  /** A connection that has been answered once, asks for much and reads nothing more. */
  async function openSlow(): Promise<RawConnection> {
    const raw = await openRaw(server.port);
    raw.send('GET /health HTTP/1.1\r\nHost: x\r\n\r\n');
    await raw.received(/"pass"/);
    raw.socket.pause();
    raw.send('GET /metadata HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(ANSWERS));
    return raw;
  }

  it('has a minute, unless a test says otherwise', () => {
    expect(ANSWER_TIMEOUT).to.equal(60_000);
  });

  it('one who never reads: the connection is ended, and what was held for it is let go of', async () => {
    const { text } = await ask('GET', '/metadata');
    const raw = await openSlow();
    await until('the end of the connection', async () => (await connections()) === 1);
    raw.socket.resume();
    expect((await raw.rest()).length).to.be.below(text.length * ANSWERS);
  });

  it('one who reads may keep the connection, and is not hurried when it asks nothing', async () => {
    const raw = await openRaw(server.port);
    raw.send('GET /metadata HTTP/1.1\r\nHost: x\r\n\r\n');
    await raw.received(/\}\s*$/);
    // Another connection is ended meanwhile by the same measure.
    const slow = await openSlow();
    await until('the end of the other', async () => (await connections()) === 2);
    raw.send('GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    expect(await raw.rest()).to.include('"pass"');
    slow.socket.destroy();
  });
});

describe('server: slow readers of one document', () => {
  it(`${CROWD} who ask for the capabilities and never read share one copy of them`, async () => {
    const server = await spawnServer({ env: { LOG_LEVEL: 'fatal' } });
    const { text } = await server.request('GET', '/metadata');
    const before = await readMetrics(server);
    const slow = await Promise.all(Array.from({ length: CROWD }, () => openRaw(server.port)));
    let asked = 0;
    let after = before;
    let looks = 0;
    const more = (name: string) => (after.get(name) ?? 0) - (before.get(name) ?? 0);
    const served = async () => {
      looks += 1;
      after = await readMetrics(server);
      return more('ward_http_requests_total{method="GET",status="2xx"}') === asked + looks;
    };
    for (const [index, { socket, send }] of slow.entries()) {
      socket.pause();
      send('GET /metadata HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(EACH));
      asked += EACH;
      // All at once, some would be told to come back where the machine is busy.
      if ((index + 1) % AT_ONCE === 0) await until('all so far are served', served);
    }
    expect(more('process_resident_memory_bytes')).to.be.below((CROWD * text.length) / 4);
    for (const { socket } of slow) socket.destroy();
    await server.stop();
  });
});
