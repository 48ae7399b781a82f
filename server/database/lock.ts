import { readlinkSync, realpathSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { holdExclusively } from '../../resources/dialects/sqlite.ts';

export interface Lock {
  release(): Promise<void>;
}

/** Another process has the database open. The message names the file, the process and the remedy. */
export class LockedError extends Error {
  override name = 'LockedError';
}

/**
 * Locks a SQLite file for this process until it is released or the process dies, even by SIGKILL.
 *
 * Node has no file locks, but SQLite does: an open transaction on an empty database next to the file is a lock of the
 * operating system, which ends with the process. A plain lock file would outlive its process.
 * Throws a LockedError if another process, or this one, already holds the lock.
 */
export async function acquireLock(path: string): Promise<Lock> {
  const file = realPath(path);
  const holderFile = `${file}.pid`;
  const hold = await holdExclusively(lockFileOf(file));
  if (!hold) {
    throw new LockedError(
      `${file} is in use by ${await holder(holderFile)}: a SQLite file allows only one process. ` +
        'Stop that process first, or use PostgreSQL (DATABASE_URL=postgres://…).',
    );
  }
  // The pid file only informs; if it cannot be written (full disk), the lock holds all the same.
  await writeFile(holderFile, `${process.pid}\n`).catch(() => undefined);
  return {
    // The lock file stays: removing it could remove one that another process has locked again.
    release: async () => {
      await rm(holderFile, { force: true });
      await hold.release();
    },
  };
}

/** Returns the path of the lock file of a SQLite file, given the path from `realPath`. */
export function lockFileOf(file: string): string {
  return `${file}.lock`;
}

/** Returns one canonical path for a file, whatever links and relative paths lead to it; it need not exist yet. */
export function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    const target = (error as NodeJS.ErrnoException).code === 'ENOENT' ? linked(path) : undefined;
    return target === undefined ? join(realpathSync(dirname(path)), basename(path)) : realPath(target);
  }
}

/** Returns the target of a dangling link; undefined if the path is no link. */
function linked(path: string): string | undefined {
  try {
    return resolve(dirname(path), readlinkSync(path));
  } catch {
    return undefined;
  }
}

/** Returns the holder as its pid file names it: for the message only, the lock does not depend on it. */
async function holder(holderFile: string): Promise<string> {
  const pid = await readFile(holderFile, 'utf8').catch(() => '');
  return /^\d+\n$/.test(pid) ? `process ${pid.trim()}` : 'another process';
}
