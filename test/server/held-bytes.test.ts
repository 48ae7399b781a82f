/** What callers who take their time make a server hold, all of them together: who began first gives way. */
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { after, afterEach, before, beforeEach, describe, it } from 'mocha';
import { HeldBytes, MOST_HELD } from '../../server/load/held-bytes.ts';
import { watch } from '../../server/load/slow-readers.ts';
import { type ClockedServer, startClockedServer } from '../harness/in-process.ts';
import { asRoot } from '../harness/server.ts';
import { until } from './poll.ts';
import { openRaw, postHead, type RawConnection, ROOT_AUTHORIZATION } from './raw.ts';
import { readMetrics } from './samples.ts';

const MEGABYTE = 1024 * 1024;
const JSON_TYPE = 'Content-Type: application/json';
const CLOSE = 'Connection: close';
/** So many bodies that are whole but for an end of it do not have room. */
const SENDERS = 80;
/** Characters of a Patient that is large, and not too large. */
const LARGE = 900_000;
/** So many have room in a page: more than the system takes of an answer. */
const PAGE = 9;

function patient(size: number): string {
  return JSON.stringify({ resourceType: 'Patient', name: [{ text: 'x'.repeat(size) }] });
}

describe('server: bytes that are held', () => {
  let server: ClockedServer;
  let open: RawConnection[];
  before(async () => {
    server = await startClockedServer({ TRUSTED_PROXIES: '127.0.0.1' });
  });
  after(() => server.stop());
  beforeEach(() => {
    open = [];
  });

  const held = async (kind: string) => (await readMetrics(server)).get(`ward_${kind}_held_bytes`) ?? Number.NaN;

  async function opened(): Promise<RawConnection> {
    const raw = await openRaw(server.port);
    open.push(raw);
    return raw;
  }

  async function leave(): Promise<void> {
    for (const { socket } of open) socket.destroy();
    await until('nothing is held', async () => (await held('bodies')) === 0);
  }

  const closed = () => open.filter(({ socket }) => socket.closed).length;

  /** Sends a head and the first part of a body, and waits until the server holds it, or has refused somebody. */
  async function sendPart(headers: string[], part: string | Buffer, bytes = part.length): Promise<RawConnection> {
    const before = { bytes: await held('bodies'), closed: closed() };
    const raw = await opened();
    raw.send(postHead('/Patient', [JSON_TYPE, CLOSE, ...headers]));
    raw.send(part);
    const has = async () => closed() > before.closed || (await held('bodies')) >= before.bytes + bytes;
    await until('the part is there', has);
    return raw;
  }

  it('bodies that do not end: the ones that began first are told to come back, others are served', async () => {
    const text = patient(LARGE);
    for (let count = 0; count < SENDERS; count += 1) {
      await sendPart([`Content-Length: ${text.length}`], text.slice(0, -1));
      expect(await held('bodies')).to.be.at.most(MOST_HELD);
    }
    const most = Math.floor(MOST_HELD / text.length);
    expect(closed()).to.be.within(SENDERS - most, SENDERS - most + 2);
    expect(open.findIndex(({ socket }) => !socket.closed)).to.equal(closed());
    const refused = await open[0]?.rest();
    expect(refused)
      .to.match(/^HTTP\/1\.1 503 /)
      .and.match(/^Retry-After: 1\r$/m);
    expect(refused)
      .to.match(/^Connection: close\r$/m)
      .and.include('"OperationOutcome"');

    expect((await server.request('POST', '/Patient', { as: asRoot, json: { active: true } })).status).to.equal(201);
    const last = open.at(-1);
    last?.send(text.slice(-1));
    expect(await last?.rest()).to.match(/^HTTP\/1\.1 201 /);
    await leave();
  });

  it('a body that comes byte by byte counts for what it takes in memory', async () => {
    const bytes = '1\r\n \r\n'.repeat(MOST_HELD / 400);
    const raw = await opened();
    raw.send(`${postHead('/Patient', [JSON_TYPE, 'Transfer-Encoding: chunked'])}${bytes}`);
    await until('the refusal', () => raw.socket.closed);
    expect(await raw.rest()).to.match(/^HTTP\/1\.1 503 /);
    await leave();
  });

  it('a compressed body that does not end counts for what is inflated of it', async () => {
    const bytes = gzipSync(patient(LARGE));
    const headers = [`Content-Length: ${bytes.length}`, 'Content-Encoding: gzip'];
    for (let count = 0; count < SENDERS; count += 1) await sendPart(headers, bytes.subarray(0, -1), LARGE);
    const most = Math.floor(MOST_HELD / LARGE);
    expect(closed()).to.be.within(SENDERS - most, SENDERS - most + 10);
    const last = open.at(-1);
    last?.send(bytes.subarray(-1));
    expect(await last?.rest()).to.match(/^HTTP\/1\.1 201 /);
    await leave();
  });

  it('compressed bodies that are sent whole, all at once, are inflated within the room that there is', async () => {
    const bytes = gzipSync('x'.repeat(MEGABYTE));
    const head = postHead('/Patient', [JSON_TYPE, CLOSE, `Content-Length: ${bytes.length}`, 'Content-Encoding: gzip']);
    await Promise.all(Array.from({ length: 2 * SENDERS }, opened));
    const answers = Promise.all(open.map(({ rest }) => rest()));
    for (const { send } of open) send(Buffer.concat([Buffer.from(head), bytes]));
    let most = 0;
    while (closed() < open.length) most = Math.max(most, await held('bodies'));
    expect(most).to.be.within(1, MOST_HELD);
    for (const answer of await answers) expect(answer).to.match(/^HTTP\/1\.1 (400|503) /);
    await leave();
  });

  it('senders of one network make nobody else give way', async () => {
    const text = patient(LARGE);
    const from = (address: string) => [`Content-Length: ${text.length}`, `X-Forwarded-For: ${address}`];
    const other = await sendPart(from('192.0.2.1'), text.slice(0, -1));
    for (let count = 1; count < SENDERS; count += 1) await sendPart(from('198.51.100.1'), text.slice(0, -1));
    expect(closed()).to.be.above(0);
    other.send(text.slice(-1));
    expect(await other.rest()).to.match(/^HTTP\/1\.1 201 /);
    await leave();
  });

  it('a sender who leaves, compressed body or not: the request is over, and nothing is held', async () => {
    const counted = async () => (await readMetrics(server)).get('ward_http_requests_total{method="POST",status="4xx"}');
    for (const encoding of ['gzip', 'identity']) {
      const before = (await counted()) ?? 0;
      const raw = await sendPart([`Content-Encoding: ${encoding}`, 'Content-Length: 99'], gzipSync('{}'));
      raw.socket.destroy();
      await until('the request is over', async () => (await counted()) === before + 1);
      expect(await held('bodies')).to.equal(0);
    }
  });
});

describe('server: answers that are held', () => {
  let server: ClockedServer;
  let open: RawConnection[];

  const held = async () => (await readMetrics(server)).get('ward_answers_held_bytes') ?? Number.NaN;
  const path = `/Patient?name=y&_count=${PAGE}`;
  const get = (more = '') => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${ROOT_AUTHORIZATION}\r\n${more}\r\n`;

  /** A server whose callers may take nothing of their answers for so many milliseconds. */
  async function start(progress: number): Promise<void> {
    open = [];
    server = await startClockedServer({}, undefined, Date.now, { progress });
    const name = [{ family: 'y', text: 'x'.repeat(LARGE) }];
    for (let count = 0; count < PAGE; count += 1) {
      const { status } = await server.request('POST', '/Patient', { as: asRoot, json: { name } });
      expect(status).to.equal(201);
    }
  }
  afterEach(async () => {
    for (const { socket } of open) socket.destroy();
    await until('nothing is held', async () => (await held()) === 0);
    await server.stop();
  });

  /** Connections that ask for a page and read none of it. */
  async function askAndPause(count: number, size: number): Promise<void> {
    for (let index = 1; index <= count; index += 1) {
      const raw = await openRaw(server.port);
      open.push(raw);
      raw.socket.pause();
      raw.send(get(`${CLOSE}\r\n`));
      const before = MOST_HELD - size;
      await until('the answer is on its way', async () => (await held()) >= Math.min(index * size, before));
    }
  }

  it('that are not read: those of which nothing is taken end with their connections', async () => {
    await start(0);
    const { text } = await server.request('GET', path, { as: asRoot });
    const most = Math.floor(MOST_HELD / text.length);
    await askAndPause(most + 3, text.length);
    // Whoever comes next makes the server look.
    const hasRoom = async () => {
      const reply = await server.request('GET', '/Patient?name=y&_count=1', { as: asRoot });
      expect(reply.status).to.equal(200);
      return (await held()) <= MOST_HELD;
    };
    await until('those that are not read end', hasRoom);
    const connections = async () => (await readMetrics(server)).get('ward_http_connections');
    await until('the end of their connections', async () => Number(await connections()) <= most + 1);
    expect(Number(await connections())).to.be.above(1);
  });

  it('that are all being read: nobody is cut off, however many there are', async () => {
    await start(600_000);
    const { text } = await server.request('GET', path, { as: asRoot });
    const count = Math.floor(MOST_HELD / text.length) + 3;
    await askAndPause(count, text.length);
    await until('all are on their way', async () => (await held()) === count * text.length);
    for (const { socket } of open) socket.resume();
    for (const raw of open) expect((await raw.rest()).endsWith(text.slice(-LARGE))).to.equal(true);
  });

  it('that wait behind another on a connection that is left are held no more', async () => {
    await start(600_000);
    const raw = await openRaw(server.port);
    open.push(raw);
    raw.socket.pause();
    raw.send(get().repeat(3));
    await until('several are on their way', async () => (await held()) > 2 * PAGE * LARGE);
    raw.socket.destroy();
    await until('what waited is let go of', async () => (await held()) === 0);
  });
});

describe('server: shares of what is held', () => {
  it('what is let go of twice takes nothing from those who began since', () => {
    const ended: string[] = [];
    const room = new HeldBytes(100);
    const hold = (network: string, name: string) => room.hold(network, () => ended.push(name));
    const first = hold('192.0.2.1', 'first');
    first.release();
    const second = hold('192.0.2.1', 'second');
    second.resize(90);
    first.release();
    hold('198.51.100.1', 'other').resize(20);
    expect([ended, room.bytes]).to.eql([['second'], 20]);
    second.release();
    expect(room.bytes).to.equal(20);
  });
});

describe('server: who reads', () => {
  it('a look tells who has taken nothing for some time', () => {
    const socket = { bytesWritten: 0 };
    let now = 0;
    const isStuck = watch(socket, 3000, () => now);
    const looks = [
      [0, 0],
      [2999, 0],
      [3000, 0],
      [9000, 1],
      [11_999, 1],
      [12_000, 1],
    ].map(([time = 0, bytes = 0]) => {
      now = time;
      socket.bytesWritten = bytes;
      return isStuck();
    });
    expect(looks).to.deep.equal([false, false, true, false, false, true]);
  });
});
