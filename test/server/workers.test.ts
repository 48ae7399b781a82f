/** `WORKERS`: several processes behind one port, started, replaced and stopped as one server. */
import cluster from 'node:cluster';
import { once } from 'node:events';
import { copyFile, link, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import pg from 'pg';
import { restartDelay, stopWorker } from '../../server/workers.ts';
import { DATABASE_KIND, freshDatabase } from '../harness/database.ts';
import { spawnServer } from '../harness/process.ts';
import { asRoot, startServer, TEST_SETTINGS } from '../harness/server.ts';
import { until } from './poll.ts';
import { listening, logged, signal } from './processes.ts';
import { openRaw, postHead } from './raw.ts';

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

if (DATABASE_KIND === 'postgres') {
  describe('server: WORKERS', () => {
    it('start on an empty database as one server: one port, one greeting, one root client, one key', async () => {
      const server = await startServer({ env: { WORKERS: '3', ROOT_CLIENT_SECRET: '' } });
      await listening(server, 3);
      expect(new Set(logged(server, '"msg":"Listening on'))).to.have.property('size', 3);
      expect(logged(server, '"msg":"Listening on')).to.not.include(server.pid);
      expect(server.output().match(/^Listening on /gm)).to.have.length(1);
      expect(server.output().match(/The database was empty/g)).to.have.length(1);
      const secret = /^ {2}secret +(\S+)$/m.exec(server.output())?.[1] ?? '';
      const found = await server.request('GET', '/Client', { as: { basic: ['root', secret] } });
      expect(found.at('total')).to.equal(1);
      const client = new pg.Client({ connectionString: server.database.url });
      await client.connect();
      const { rows } = await client.query('SELECT kid FROM signing_key');
      await client.end();
      expect(rows).to.have.length(1);
      expect(await server.stop()).to.equal(0);
    });

    it('what one of them stored, all of them serve; one that is killed is replaced', async () => {
      const server = await startServer({ env: { WORKERS: '2' } });
      await listening(server, 2);
      const [one = 0, other = 0] = logged(server, '"msg":"Listening on');
      expect((await server.request('PUT', '/Patient/p', { as: asRoot, json: {} })).status).to.equal(201);
      const read = async () => {
        const headers = { Connection: 'close' };
        return (await server.request('GET', '/Patient/p', { as: asRoot, headers })).status;
      };
      // Whoever is free takes a connection: it is not told who will be.
      const reads = () => logged(server, '"method":"GET","path":"/Patient/p"');
      const answered = (from: number) => new Set(reads().slice(from));
      const untilBoth = (from: number) =>
        until('both answer', async () => {
          expect(await read()).to.equal(200);
          return answered(from).size === 2;
        });
      await untilBoth(0);
      expect(answered(0)).to.eql(new Set([one, other]));

      process.kill(one, 'SIGKILL');
      await listening(server, 3);
      expect(logged(server, 'A worker exited (SIGKILL)')).to.eql([server.pid]);
      const third = logged(server, '"msg":"Listening on')[2] ?? 0;
      expect(third).to.not.be.oneOf([one, other]);
      const before = reads().length;
      await untilBoth(before);
      expect(answered(before)).to.eql(new Set([other, third]));
      expect(await server.stop()).to.equal(0);
    });

    it('one that hangs keeps no connection from being taken by another', async () => {
      const server = await startServer({ env: { WORKERS: '2' } });
      await listening(server, 2);
      const [hanging = 0, other = 0] = logged(server, '"msg":"Listening on');
      process.kill(hanging, 'SIGSTOP');
      const headers = { Connection: 'close' };
      const replies = Promise.all(Array.from({ length: 20 }, () => server.request('GET', '/health', { headers })));
      const statuses = (await replies.finally(() => process.kill(hanging, 'SIGCONT'))).map(({ status }) => status);
      expect(statuses).to.eql(Array(20).fill(200));
      await until('the lines of the log', () => logged(server, '"path":"/health"').length === 20);
      expect(new Set(logged(server, '"path":"/health"'))).to.eql(new Set([other]));
      expect(await server.stop()).to.equal(0);
    });

    it('SIGTERM: a request in flight is answered and stored, none is taken, no process is left', async () => {
      const database = await freshDatabase();
      const server = await startServer({ database, env: { WORKERS: '2' } });
      await listening(server, 2);
      const raw = await openRaw(server.port);
      const body = '{"resourceType":"Patient","id":"late"}';
      const headers = ['Content-Type: application/json', `Content-Length: ${body.length}`, 'Expect: 100-continue'];
      raw.send(postHead('/Patient/late', headers).replace('POST', 'PUT'));
      await raw.received(/100 Continue/);
      raw.send(body.slice(0, 10));
      process.kill(server.pid, 'SIGTERM');
      await until('both stop', () => logged(server, '"msg":"Stopping"').length === 2);
      raw.send(body.slice(10));
      expect(await raw.rest()).to.match(/HTTP\/1\.1 201 Created/);
      expect(await server.stop()).to.equal(0);
      expect(logged(server, '"msg":"Stopped"')).to.have.length(2);
      expect(logged(server, '"msg":"Listening on').filter(isAlive)).to.eql([]);
      await database.drop();
    });

    it('a second signal ends all of them at once, one that hangs among them', async () => {
      const server = await startServer({ env: { WORKERS: '2' } });
      await listening(server, 2);
      const workers = logged(server, '"msg":"Listening on');
      process.kill(workers[0] ?? 0, 'SIGSTOP');
      await until('its end', () => {
        signal(server.pid, 'SIGTERM');
        return server.output().includes('exiting now');
      });
      expect(await server.stop()).to.equal(1);
      await until('the workers end', () => !workers.some(isAlive));
    });

    it('where one cannot be started, the others serve, and it is tried again', async () => {
      // A Node of its own, which is taken away: the system refuses each start, as it does where it lacks room.
      const folder = await mkdtemp(path.join(tmpdir(), 'ward-test-'));
      const node = path.join(folder, 'node');
      await link(process.execPath, node).catch(() => copyFile(process.execPath, node));
      const through = ['bash', '-c', `shift; exec ${node} "$@"`, 'bash'];
      const server = await startServer({ env: { WORKERS: '2' }, through });
      await listening(server, 2);
      const [one = 0, other = 0] = logged(server, '"msg":"Listening on');
      await rename(node, `${node}-away`);
      process.kill(one, 'SIGKILL');
      await until('a start fails twice', () => logged(server, 'ENOENT); its replacement starts').length >= 2);
      expect([server.pid, other].map(isAlive)).to.eql([true, true]);
      expect((await server.request('GET', '/health')).status).to.equal(200);
      await rename(`${node}-away`, node);
      await listening(server, 3);
      expect(await server.stop()).to.equal(0);
      await rm(folder, { recursive: true });
    });

    it('no worker outlives the process that started it', async () => {
      const database = await freshDatabase();
      const server = await startServer({ database, env: { WORKERS: '2' } });
      await listening(server, 2);
      const workers = logged(server, '"msg":"Listening on');
      await server.kill();
      await until('the workers end', () => !workers.some(isAlive));
      await database.drop();
    });

    it('a start that cannot be is refused once, in one line', async () => {
      const server = await startServer();
      const env = { ...TEST_SETTINGS, DATABASE_URL: server.database.url, LOG_LEVEL: 'silent' };
      const { ended, output } = spawnServer({ ...env, WORKERS: '3', PORT: String(server.port) });
      expect(await ended, output()).to.equal(1);
      expect(output()).to.match(/^Ward did not start: PORT \d+ is in use[^\n]+\n$/);
      await server.stop();
    });
  });
}

describe('server: a worker that does not stop', () => {
  it('is killed in the end', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'ward-test-'));
    const exec = path.join(folder, 'worker.cjs');
    await writeFile(exec, "process.on('SIGTERM', () => undefined);\nprocess.send('ready');\n");
    cluster.setupPrimary({ exec, execArgv: [] });
    const worker = cluster.fork();
    await once(worker, 'message');
    const problem: unknown = await stopWorker(worker, 50).catch((error: unknown) => error);
    expect(String(problem)).to.match(/did not stop cleanly: SIGKILL/);
    await rm(folder, { recursive: true });
  });
});

describe('server: a worker that ended', () => {
  const seconds = (moments: number[], workers: number) =>
    restartDelay(
      moments.map((at) => at * 1000),
      workers,
    ) / 1000;

  it('is replaced at once, and so are all of them', () => {
    expect(seconds([7], 1)).to.equal(0);
    expect(seconds([7, 7, 7, 7], 4)).to.equal(0);
    expect(seconds([0, 61, 122, 183], 1)).to.equal(0);
  });

  it('waits ever longer where more of them end within a minute, for half a minute at most', () => {
    const moments = [0, 1, 2, 3, 4, 5, 6, 7, 8];
    const delays = moments.map((_, at) => seconds(moments.slice(0, at + 1), 2));
    expect(delays).to.eql([0, 0, 1, 2, 4, 8, 16, 30, 30]);
  });
});
