/** A disk that takes writes and cannot flush them: what becomes of them is in doubt, and is said to be. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { afterEach, describe, it } from 'mocha';
import { DATABASE_KIND, freshDatabase } from '../harness/database.ts';
import { startServer, type TestServer } from '../harness/server.ts';
import { attached, HAS_STRACE } from '../kill/trace.ts';
import { until } from '../server/poll.ts';
import { Load } from './load.ts';

const FAILING = ['-f', '-o', '/dev/null', '-e', 'trace=fsync,fdatasync', '-e', 'inject=fsync,fdatasync:error=EIO'];

describe('faults: a disk that cannot flush', function () {
  this.timeout(90_000);
  const folder = mkdtempSync(path.join(tmpdir(), 'ward-flush-'));
  let server: TestServer | undefined;
  afterEach(async () => {
    await server?.stop();
    rmSync(folder, { recursive: true });
  });

  it('no write is said to be absent that a restart may find; it goes on when the disk does', async function () {
    // The tracer makes the calls of the process fail, as a disk would.
    if (DATABASE_KIND !== 'sqlite' || !HAS_STRACE) this.skip();
    const database = { ...(await freshDatabase()), url: `sqlite:${path.join(folder, 'ward.db')}` };
    server = await startServer({ database });
    const load = new Load(server);
    await load.goesOn();
    const tracer = spawn('strace', [...FAILING, '-p', String(server.pid)]);
    await attached(tracer);
    await until('writes are in doubt', () => load.count('open') >= 16, 25_000);
    tracer.kill('SIGINT');
    await once(tracer, 'close');
    await load.goesOn();

    const failing = spawn('strace', [...FAILING, '-p', String(server.pid)]);
    await attached(failing);
    const before = load.count('open');
    await until('writes are in doubt again', () => load.count('open') >= before + 16, 25_000);
    await load.stop();
    await server.kill();
    server = await startServer({ database });
    expect(load.count('open')).to.be.above(before);
    await load.check(server);
  });
});
