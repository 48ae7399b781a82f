/** A disk without room: writes are refused whole, all else is served, and the server goes on when there is room. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { afterEach, describe, it } from 'mocha';
import { DATABASE_KIND, freshDatabase, type TestDatabase } from '../harness/database.ts';
import { listeningPort, spawnServer } from '../harness/process.ts';
import { asRoot, startServer, TEST_SETTINGS, type TestServer } from '../harness/server.ts';
import { until } from '../server/poll.ts';
import { Load } from './load.ts';

const MIB = 2 ** 20;
const MOUNT = 'mount -t tmpfs -o size=7m tmpfs "$0" && exec "$@"';
const IN_A_NAMESPACE = ['unshare', '--map-root-user', '--mount', 'sh', '-c', MOUNT];

const can = (program: string, ...args: string[]): boolean => spawnSync(program, args).status === 0;

/** A server whose disk the test fills: `fill` leaves it little room, which writing uses up, or so many bytes a file. */
interface Filled {
  server: TestServer;
  fill(bytes?: number): void;
  free(): void;
}

/** As a disk would be: a file system of a few MiB that only the server's process sees, with a file that takes room. */
async function onSmallDisk(folder: string): Promise<Filled> {
  const database: TestDatabase = { ...(await freshDatabase()), url: `sqlite:${path.join(folder, 'ward.db')}` };
  const server = await startServer({ database, through: [...IN_A_NAMESPACE, folder] });
  const ballast = path.join(`/proc/${server.pid}/root`, folder, 'ballast');
  return {
    server,
    fill: () => writeFileSync(ballast, Buffer.alloc(5 * MIB)),
    free: () => rmSync(ballast),
  };
}

/** Where no file system may be mounted: no file of the process may grow any more. */
async function underLimit(folder: string): Promise<Filled> {
  const database: TestDatabase = { ...(await freshDatabase()), url: `sqlite:${path.join(folder, 'ward.db')}` };
  const server = await startServer({ database });
  const limit = (bytes: string) => expect(can('prlimit', `--pid=${server.pid}`, `--fsize=${bytes}:`)).to.equal(true);
  return {
    server,
    fill: (bytes = statSync(path.join(folder, 'ward.db-wal')).size + 256 * 1024) => limit(String(bytes)),
    free: () => limit('unlimited'),
  };
}

const WAYS: [what: string, isPossible: () => boolean, start: (folder: string) => Promise<Filled>][] = [
  ['a full file system', () => can('unshare', ...IN_A_NAMESPACE.slice(1), tmpdir(), 'true'), onSmallDisk],
  ['files that may not grow', () => can('prlimit', '--version'), underLimit],
];

describe('faults: no room on the disk', () => {
  let folder: string;
  let disk: Filled | undefined;
  afterEach(async () => {
    await disk?.server.stop();
    await disk?.server.database.drop();
    disk = undefined;
    rmSync(folder, { recursive: true });
  });

  for (const [what, isPossible, start] of WAYS) {
    it(`${what}: writes are refused whole, the rest is served, and it goes on when there is room`, async function () {
      folder = mkdtempSync(path.join(tmpdir(), 'ward-full-'));
      // Both need what only Linux has, and the first what not every container allows.
      if (DATABASE_KIND !== 'sqlite' || !isPossible()) this.skip();
      disk = await start(folder);
      const { server } = disk;
      const load = new Load(server);
      await load.goesOn();
      disk.fill();
      await until('writes are refused', () => load.count('absent') + load.count('open') >= 16);
      for (const at of ['/Patient/f0', '/Patient?_summary=count', '/Patient/f0/_history', '/health']) {
        expect((await server.request('GET', at, { as: asRoot })).status, at).to.equal(200);
      }
      disk.free();
      await load.goesOn();
      await load.stop();
      // A system that takes no more is not an error of the disk, after which nothing is certain.
      if (start === onSmallDisk) expect(load.count('open')).to.equal(0);
      await load.check();
    });
  }

  const withLimit = async (context: Mocha.Context): Promise<Filled> => {
    folder = mkdtempSync(path.join(tmpdir(), 'ward-full-'));
    if (DATABASE_KIND !== 'sqlite' || !can('prlimit', '--version')) context.skip();
    return underLimit(folder);
  };

  it('files that may not grow: what a server answered around it is there after it is killed', async function () {
    disk = await withLimit(this);
    const load = new Load(disk.server);
    await load.goesOn();
    disk.fill();
    await until('writes are refused', () => load.count('open') >= 16);
    await load.stop();
    await disk.server.kill();
    disk.server = await startServer({ database: disk.server.database });
    await load.check(disk.server);
  });

  it('no room at a start: reads are served, and writes once there is room', async function () {
    disk = await withLimit(this);
    const write = () => disk?.server.request('PUT', '/Patient/p', { as: asRoot, json: {} });
    expect((await write())?.status).to.equal(201);
    await disk.server.kill();
    // What SQLite keeps to find its way in the log fits into it; the log itself is longer already.
    expect(statSync(path.join(folder, 'ward.db-wal')).size).to.be.above(65_536);
    const { database } = disk.server;
    disk.server = await startServer({ database, through: ['prlimit', '--fsize=65536:unlimited'] });
    const { server } = disk;
    expect((await server.request('GET', '/Patient/p', { as: asRoot })).status).to.equal(200);
    expect((await server.request('PUT', '/Patient/p', { as: asRoot, json: { active: true } })).status).to.equal(503);
    expect((await server.request('GET', '/Patient?_summary=count', { as: asRoot })).status).to.equal(200);
    expect(can('prlimit', `--pid=${server.pid}`, '--fsize=unlimited:')).to.equal(true);
    await until('a write', async () => {
      const reply = await server.request('PUT', '/Patient/p', { as: asRoot, json: { active: true } });
      return reply.status === 200;
    });
  });

  it('no room for the log: what is served goes on, and its lines come once there is room', async function () {
    folder = mkdtempSync(path.join(tmpdir(), 'ward-full-'));
    if (DATABASE_KIND !== 'sqlite' || !can('prlimit', '--version')) this.skip();
    const log = path.join(folder, 'ward.log');
    const database: TestDatabase = { ...(await freshDatabase()), url: `sqlite:${path.join(folder, 'ward.db')}` };
    const env = { ...TEST_SETTINGS, DATABASE_URL: database.url };
    const running = spawnServer(env, ['sh', '-c', 'exec "$@" >"$0"', log]);
    const port = await listeningPort({ ...running, output: () => readFileSync(log, { flag: 'a+' }).toString() });
    const ask = async (request: string, at = '/health') => {
      const headers = { 'X-Request-Id': request };
      return (await fetch(`http://127.0.0.1:${port}${at}`, { headers })).status;
    };
    const limit = (bytes: string) => can('prlimit', `--pid=${running.child.pid}`, `--fsize=${bytes}:`);
    expect(limit('1')).to.equal(true);
    for (let at = 0; at < 20; at += 1) expect(await ask(`without-room-${at}`)).to.equal(200);
    // More than is kept: paths are logged.
    for (let at = 0; at < 150; at += 1) await ask('lost', `/${'x'.repeat(10_000)}`);
    // And short ones, for which there was room left.
    for (let at = 0; at < 200; at += 1) await ask('lost');
    expect(limit('unlimited')).to.equal(true);
    await until('the lines', async () => {
      expect(await ask('with-room')).to.equal(200);
      const text = readFileSync(log, 'utf8');
      return ['without-room-0', 'without-room-19', 'with-room'].every((each) => text.includes(`"${each}"`));
    });
    running.child.kill('SIGTERM');
    expect(await running.ended).to.equal(0);
    await database.drop();
  });

  it('no room at all: resources and tokens are refused with a time to come again, and then taken', async function () {
    disk = await withLimit(this);
    const { server } = disk;
    const form = 'grant_type=client_credentials';
    const write = () => server.request('POST', '/Patient', { as: asRoot, json: {} });
    const token = () => server.request('POST', '/auth/token', { as: asRoot, form });
    expect([(await write()).status, (await token()).status]).to.eql([201, 200]);
    disk.fill(4096);
    const replies = [await write(), await token()];
    expect(replies.map(({ status }) => status)).to.eql([503, 503]);
    expect(replies.map((reply) => reply.header('retry-after'))).to.eql(['1', '1']);
    expect(replies[0]?.at('issue.0.code')).to.equal('transient');
    expect(replies[1]?.at('error')).to.equal('temporarily_unavailable');
    disk.free();
    expect([(await write()).status, (await token()).status]).to.eql([201, 200]);
    const { body } = await server.request('GET', '/Patient?_summary=count', { as: asRoot });
    expect(body).to.include({ total: 2 });
  });
});
