/** Files of commands: written completely and synced to disk before they get their final name. */
import { lstat, open } from 'node:fs/promises';
import { CommandError, reasonOf } from './errors.ts';

/** Creates an empty file that only its owner can read, because it will hold the contents of the database. */
export async function reserve(partial: string): Promise<void> {
  try {
    await (await open(partial, 'wx', 0o600)).close();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
      throw new CommandError(`cannot create ${partial}: ${reasonOf(error)}`, { cause: error });
    }
    throw new CommandError(
      `${partial} exists: another command is running, or one was interrupted; delete the file if none is running`,
    );
  }
}

/** Awaits a write to a file or folder. Throws a CommandError that names it. */
export async function writing<Result>(name: string, work: Promise<Result>): Promise<Result> {
  try {
    return await work;
  } catch (error) {
    throw new CommandError(`cannot write ${name}: ${reasonOf(error)}`, { cause: error });
  }
}

/** Syncs a file or folder to disk. Returns its size in bytes. */
export async function flush(name: string): Promise<number> {
  const handle = await open(name, 'r');
  try {
    await handle.sync();
    return (await handle.stat()).size;
  } finally {
    await handle.close();
  }
}

/** Resolves to true if something with this name exists. */
export function isThere(file: string): Promise<boolean> {
  return lstat(file).then(
    () => true,
    () => false,
  );
}

/** Returns the file of a SQLite database. Throws a CommandError with an alternative for other databases. */
export function sqliteFileOf(url: string, instead: { postgres: string; memory: string }): string {
  if (!url.startsWith('sqlite:')) throw new CommandError(instead.postgres);
  const file = url.slice('sqlite:'.length);
  if (file === ':memory:') throw new CommandError(instead.memory);
  return file;
}
