/** `npm run restore`: a backup takes the place of a database, whatever its server left, and nothing is lost by it. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { DATABASE_KIND, freshDatabase, type TestDatabase } from '../harness/database.ts';
import type { Reply, RequestOptions } from '../harness/http.ts';
import { startClockedServer } from '../harness/in-process.ts';
import { asRoot, ROOT, startServer } from '../harness/server.ts';
import { run } from '../server/command.ts';
import { command, programOf } from './program.ts';

/** A server, in whichever process. */
interface Served {
  request(method: string, path: string, options?: RequestOptions): Promise<Reply>;
}

describe('commands: restore', () => {
  let own: TestDatabase;
  let database: TestDatabase;
  let folder: string;
  let file: string;
  let backup: string;
  beforeEach(async () => {
    own = await freshDatabase();
    folder = await mkdtemp(path.join(tmpdir(), 'ward-restore-'));
    file = path.join(folder, 'ward.db');
    backup = path.join(folder, 'backup.db');
    database = { ...own, url: `sqlite:${file}` };
  });
  afterEach(async () => {
    await own.drop();
    await rm(folder, { recursive: true });
  });

  const put = async (server: Served, family: string) => {
    const reply = await server.request('PUT', '/Patient/p', { as: asRoot, json: { name: [{ family }] } });
    expect(reply.status).to.be.oneOf([200, 201]);
  };

  async function familyIn(url: string): Promise<string> {
    const server = await startClockedServer({}, { url });
    const reply = await server.request('GET', '/Patient/p', { as: asRoot });
    await server.stop();
    return reply.string('name.0.family');
  }

  async function succeed(name: 'backup' | 'restore', args = [backup]): Promise<string> {
    const { code, output } = await command(name, args, database);
    expect(code, output).to.equal(0);
    return output;
  }

  async function refused(args: string[], message: RegExp, of = database): Promise<void> {
    const { code, output } = await command('restore', args, of);
    expect(code, output).to.equal(1);
    expect(output)
      .to.match(message)
      .and.match(/^The restore failed: [^\n]+\n$/);
  }

  if (DATABASE_KIND === 'postgres') {
    it('of PostgreSQL is left to its own tools', () => refused([backup], /pg_restore/, own));
    return;
  }

  it('over what a killed server left: all is as it was then, and what was there is kept', async () => {
    const server = await startServer({ database });
    await put(server, 'then');
    await succeed('backup');
    await put(server, 'later');
    await server.kill();
    expect(statSync(`${file}-wal`).size).to.be.above(0);

    const output = await succeed('restore');
    const kept = /The previous database is now (\S+),/m.exec(output)?.[1] ?? '';
    expect(existsSync(`${file}-wal`)).to.equal(false);
    expect(statSync(file).mode & 0o777).to.equal(0o600);
    expect(await familyIn(`sqlite:${kept}`)).to.equal('later');
    expect(await familyIn(database.url)).to.equal('then');
    // What is kept can be gone back to, with what stands in its log alone.
    await succeed('restore', [kept]);
    expect(await familyIn(database.url)).to.equal('later');
    // It is whole: a copy of it is read from end to end.
    await succeed('backup', [path.join(folder, 'again.db')]);
  });

  it('over what is damaged: that is kept as it is, log and all', async () => {
    const server = await startServer({ database });
    await put(server, 'then');
    await succeed('backup');
    await server.kill();
    const [bytes, log] = [readFileSync(file), readFileSync(`${file}-wal`)];
    for (const [name, damaged] of [
      [file, bytes],
      [`${file}-wal`, log],
    ] as const) {
      writeFileSync(name, damaged.fill('x', 0, 100));
    }
    const kept = /The previous database is now (\S+),/m.exec(await succeed('restore'))?.[1] ?? '';
    expect(readFileSync(kept).equals(bytes)).to.equal(true);
    expect(readFileSync(`${kept}-wal`).equals(log)).to.equal(true);
    expect(existsSync(`${file}-wal`)).to.equal(false);
    expect(await familyIn(database.url)).to.equal('then');
  });

  it('where there is nothing, in a folder that is not there', async () => {
    const server = await startClockedServer({}, database);
    await put(server, 'then');
    await server.stop();
    await succeed('backup');
    database = { ...own, url: `sqlite:${path.join(folder, 'elsewhere', 'ward.db')}` };
    expect(await succeed('restore')).to.not.include('The previous database');
    expect(await familyIn(database.url)).to.equal('then');
  });

  it('is refused where its folder cannot be made', async () => {
    writeFileSync(path.join(folder, 'file'), '');
    // Below /proc nothing can be made, though it is there.
    for (const base of ['/proc', path.join(folder, 'file')]) {
      const url = `sqlite:${path.join(base, 'none', 'below', 'ward.db')}`;
      await refused([backup], /cannot write \S+none\/below: E(NOENT|NOTDIR|EXIST)/, { ...own, url });
    }
  });

  it('by root leaves it to the user whose server it is, whether there was one or not', async function () {
    // Who is not root cannot give anything away, nor take another's place.
    if (process.getuid?.() !== 0 || spawnSync('setpriv', ['--version']).status !== 0) return this.skip();
    const other = 65_534;
    chownSync(folder, other, other);
    const through = ['setpriv', `--reuid=${other}`, `--regid=${other}`, '--clear-groups'];
    const served = async (family: string) => {
      const server = await startServer({ database, through });
      await put(server, family);
      await server.stop();
    };
    await served('then');
    await succeed('backup');
    chmodSync(file, 0o640);
    rmSync(`${file}.lock`);
    const kept = /The previous database is now (\S+),/m.exec(await succeed('restore'))?.[1] ?? '';
    const found = [file, kept].map((name) => statSync(name)).map(({ uid, gid, mode }) => [uid, gid, mode & 0o777]);
    expect(found).to.eql([
      [other, other, 0o640],
      [other, other, 0o640],
    ]);
    await served('later');
    for (const name of readdirSync(folder)) if (name.startsWith('ward.db')) rmSync(path.join(folder, name));
    await succeed('restore');
    await served('again');
  });

  for (const [what, before] of [
    ['to it', true],
    ['to where none is yet', false],
  ] as const) {
    it(`through a link ${what}, where the link leads`, async () => {
      const server = await startClockedServer({}, database);
      await put(server, 'then');
      await server.stop();
      await succeed('backup');
      const [there, link] = [path.join(folder, 'there'), path.join(folder, 'link.db')];
      mkdirSync(there);
      const real = path.join(there, 'ward.db');
      symlinkSync(path.join('there', 'ward.db'), link);
      if (before) renameSync(file, real);
      database = { ...own, url: `sqlite:${link}` };
      await succeed('restore');
      expect(lstatSync(link).isSymbolicLink()).to.equal(true);
      expect(await familyIn(`sqlite:${real}`)).to.equal('then');
    });
  }

  it('without room is told in one line, and leaves what was there', async function () {
    if (spawnSync('prlimit', ['--version']).status !== 0) return this.skip();
    const server = await startClockedServer({}, database);
    await put(server, 'then');
    await succeed('backup');
    await put(server, 'later');
    await server.stop();
    const before = readdirSync(folder);
    const env = { DATABASE_URL: database.url, ROOT_CLIENT_SECRET: ROOT.secret };
    const { code, output } = await run('prlimit', ['--fsize=1:', process.execPath, programOf('restore'), backup], env);
    expect(code, output).to.equal(1);
    expect(output).to.match(/^The restore failed: [^\n]+\n$/);
    expect(readdirSync(folder)).to.eql(before);
    expect(await familyIn(database.url)).to.equal('later');
  });

  it('is refused beside a server, which goes on', async () => {
    const server = await startClockedServer({}, database);
    await put(server, 'then');
    await succeed('backup');
    await refused([backup], /is in use by process \d+/);
    await put(server, 'later');
    await server.stop();
    expect(await familyIn(database.url)).to.equal('later');
  });

  it('is refused where the file is not a complete backup, and changes nothing', async () => {
    writeFileSync(file, 'as it was');
    writeFileSync(path.join(folder, 'empty.db'), '');
    writeFileSync(path.join(folder, 'text.db'), 'not a database '.repeat(100));
    const before = readdirSync(folder);
    for (const [name, message] of [
      ['empty.db', /empty\.db is not a complete backup: it has no table of resources/],
      ['text.db', /text\.db is not a complete backup: [^\n]*not a database/],
      ['none.db', /none\.db is not a complete backup: [^\n]*unable to open/],
    ] as const) {
      await refused([path.join(folder, name)], message);
    }
    await refused([], /name the backup/);
    await refused(['a', 'b'], /name the backup/);
    expect(readFileSync(file, 'utf8')).to.equal('as it was');
    expect(readdirSync(folder).filter((name) => !/\.lock/.test(name))).to.eql(before);
  });
});
