import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { acquireLock, LockedError } from '../../server/database/lock.ts';

describe('the lock beside a SQLite file', () => {
  let folder: string;
  let file: string;
  const children: ChildProcess[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ward-lock-'));
    file = join(folder, 'ward.db');
  });

  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    await rm(folder, { recursive: true });
  });

  /** A process that holds the lock. */
  async function hold(): Promise<ChildProcess> {
    const program = join(import.meta.dirname, 'hold-lock.ts');
    const child = spawn(process.execPath, ['--import', 'tsx', program, file], { stdio: ['ignore', 'pipe', 'inherit'] });
    children.push(child);
    if (child.stdout !== null) await once(child.stdout, 'data');
    return child;
  }

  async function refusalOf(path: string): Promise<string> {
    const error = await acquireLock(path).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).to.be.instanceOf(LockedError);
    return error instanceof Error ? error.message : '';
  }

  it('refuses a second process, naming the file, the holder and the remedy', async () => {
    const child = await hold();
    const message = await refusalOf(file);
    expect(message).to.include(file).and.include(`process ${child.pid}`).and.include('Stop that process first');
    expect(message).to.include('DATABASE_URL=postgres://');
  });

  it('does not outlive a holder that is killed', async () => {
    const child = await hold();
    child.kill('SIGKILL');
    await once(child, 'exit');
    const lock = await acquireLock(file);
    expect(await refusalOf(file)).to.include(`process ${process.pid}`);
    await lock.release();
  });

  it('refuses the same process too, and is free after release', async () => {
    const lock = await acquireLock(file);
    expect(await refusalOf(file)).to.include(`process ${process.pid}`);
    await lock.release();
    await (await acquireLock(file)).release();
  });

  it('is the same by every path to the file', async () => {
    await writeFile(file, '');
    await symlink(file, join(folder, 'link.db'));
    const lock = await acquireLock(file);
    await refusalOf(join(folder, 'link.db'));
    await refusalOf(relative(process.cwd(), file));
    await lock.release();
  });

  it('gives two files to one process', async () => {
    const locks = [await acquireLock(file), await acquireLock(join(folder, 'other.db'))];
    for (const lock of locks) await lock.release();
  });
});
