import { readlinkSync, realpathSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { holdExclusively } from '../../resources/dialects/sqlite.ts';

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
  const hold = await holdExclusively(lockFileOf(file));
  if (!hold) {
    throw new LockedError(
      `${file} is in use by ${await holder(holderFile)}: a SQLite file has one process. ` +
        'Stop that one first, or use PostgreSQL (DATABASE_URL=postgres://…) for several.',
    );
  }
  // It is there to be told of. Where there is no room for it, the lock holds all the same.
  await writeFile(holderFile, `${process.pid}\n`).catch(() => undefined);
  return {
    // The lock file itself stays: whoever removed it could remove one that is already held again.
    release: async () => {
      await rm(holderFile, { force: true });
      await hold.release();
    },
  };
}

/** What is locked in the place of a SQLite file, which goes by the name that `realPath` gives. */
export function lockFileOf(file: string): string {
  return `${file}.lock`;
}

/** One name for a file, whatever links and relative paths lead to it; the file need not exist yet. */
export function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    const target = (error as NodeJS.ErrnoException).code === 'ENOENT' ? linked(path) : undefined;
    return target === undefined ? join(realpathSync(dirname(path)), basename(path)) : realPath(target);
  }
}

/** Where a link leads, though there is nothing yet; undefined for no link. */
function linked(path: string): string | undefined {
  try {
    return resolve(dirname(path), readlinkSync(path));
  } catch {
    return undefined;
  }
}

/** Who wrote that it holds the file: for the message alone, the lock does not depend on it. */
async function holder(holderFile: string): Promise<string> {
  const pid = await readFile(holderFile, 'utf8').catch(() => '');
  return /^\d+\n$/.test(pid) ? `process ${pid.trim()}` : 'another process';
}
