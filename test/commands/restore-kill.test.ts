/** `npm run restore` is killed at each step: what is served then is what was there or the backup, each whole. */
import { cpSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { DATABASE_KIND, freshDatabase } from '../harness/database.ts';
import { startClockedServer } from '../harness/in-process.ts';
import { asRoot, ROOT, startServer, type TestServer } from '../harness/server.ts';
import { HAS_STRACE } from '../kill/trace.ts';
import { run } from '../server/command.ts';
import { command, programOf } from './program.ts';

/** What changes which file has which name, and what promises that it stays so; by all their names. */
const STEPS = {
  rename: '?rename,?renameat,?renameat2',
  link: '?link,?linkat',
  unlink: '?unlink,?unlinkat',
  flush: 'fsync,fdatasync',
};

describe('commands: a restore that is killed', () => {
  let folder: string;
  let prepared: string;
  before(async function () {
    if (DATABASE_KIND !== 'sqlite' || !(HAS_STRACE || process.env['CI'] !== undefined)) return this.skip();
    folder = mkdtempSync(path.join(tmpdir(), 'ward-restore-kill-'));
    prepared = path.join(folder, 'prepared');
    const database = { ...(await freshDatabase()), url: `sqlite:${path.join(prepared, 'ward.db')}` };
    const server = await startServer({ database });
    await put(server, 'then');
    expect((await command('backup', [path.join(prepared, 'backup.db')], database)).code).to.equal(0);
    await put(server, 'later');
    await server.kill();
    expect(statSync(path.join(prepared, 'ward.db-wal')).size).to.be.above(0);
  });
  after(() => folder && rmSync(folder, { recursive: true }));

  async function put(server: TestServer, family: string): Promise<void> {
    const reply = await server.request('PUT', '/Patient/p', { as: asRoot, json: { name: [{ family }] } });
    expect(reply.status).to.be.oneOf([200, 201]);
  }

  async function familyIn(file: string): Promise<string> {
    const server = await startClockedServer({}, { url: `sqlite:${file}` });
    const reply = await server.request('GET', '/Patient/p', { as: asRoot });
    await server.stop();
    return reply.text.includes('family') ? reply.string('name.0.family') : `nothing (${reply.status})`;
  }

  /** Restores in a copy of what was prepared, and is killed at one step; false where it has fewer of them. */
  async function isKilled(place: string, calls: string, at: number): Promise<boolean> {
    cpSync(prepared, place, { recursive: true });
    const inject = ['-f', '-qq', '-o', '/dev/null', '-e', `inject=${calls}:signal=KILL:when=${at}`];
    const restore = [process.execPath, programOf('restore'), path.join(place, 'backup.db')];
    // The system counts by thread: with one for all that waits, its steps have one order.
    const env = { UV_THREADPOOL_SIZE: '1', ROOT_CLIENT_SECRET: ROOT.secret };
    const { code } = await run('strace', [...inject, ...restore], {
      ...env,
      DATABASE_URL: `sqlite:${path.join(place, 'ward.db')}`,
    });
    return code !== 0;
  }

  for (const [step, calls] of Object.entries(STEPS)) {
    it(`at each ${step} leaves what was there or the backup, and keeps what it replaced`, async () => {
      for (let at = 1; ; at += 1) {
        const place = path.join(folder, `${step}-${at}`);
        const killed = await isKilled(place, calls, at);
        const kept = readdirSync(place).filter((name) => /\.before-[^.]*\.\d+Z$/.test(name));
        const where = `${step} ${at}: ${readdirSync(place)}`;
        const file = path.join(place, 'ward.db');
        expect(statSync(file).nlink, where).to.equal(1);
        const family = await familyIn(file);
        expect(family, where).to.be.oneOf(killed ? ['then', 'later'] : ['then']);
        if (family === 'then') expect(kept, where).to.have.length(1);
        for (const name of kept) expect(await familyIn(path.join(place, name)), where).to.equal('later');
        if (!killed) break;
      }
    });
  }
});
