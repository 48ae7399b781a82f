import { realpathSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { holdExclusively } from '../resources/dialects/sqlite.ts';

export interface Lock {
  release(): Promise<void>;
}

/** Another process has the database. The message names the file, the process and the remedy. */
export class LockedError extends Error {
  override name = 'LockedError';
}

/**
 * Holds a SQLite file for this process alone until it releases it or dies, by SIGKILL too.
 *
 * Node has no file locks, but SQLite has: a transaction kept open on an empty database beside the file is a lock of
 * the operating system, which lets go of it with the process. A file that merely exists would outlive its maker.
 * Throws a LockedError where another process, or this one, already holds it.
 */
export async function acquireLock(path: string): Promise<Lock> {
  const file = realPath(path);
  const holderFile = `${file}.pid`;
  const hold = await holdExclusively(`${file}.lock`);
  if (!hold) {
    throw new LockedError(
      `${file} is in use by ${await holder(holderFile)}: a SQLite file has one process. ` +
        'Stop that one first, or use PostgreSQL (DATABASE_URL=postgres://…) for several.',
    );
  }
  await writeFile(holderFile, `${process.pid}\n`);
  return {
    // The lock file itself stays: whoever removed it could remove one that is already held again.
    release: async () => {
      await rm(holderFile, { force: true });
      await hold.release();
    },
  };
}

/** One name for a file, whatever links and relative paths lead to it; the file need not exist yet. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return join(realpathSync(dirname(path)), basename(path));
  }
}

/** Who wrote that it holds the file: for the message alone, the lock does not depend on it. */
async function holder(holderFile: string): Promise<string> {
  const pid = await readFile(holderFile, 'utf8').catch(() => '');
  return /^\d+\n$/.test(pid) ? `process ${pid.trim()}` : 'another process';
}
