/** Files that commands read and make, these whole and on the disk before they have their name. */
import { lstat, open } from 'node:fs/promises';
import { CommandError, reasonOf } from './errors.ts';

/** Makes an empty file that is its owner's alone, as it is to hold what the database does. */
export async function reserve(partial: string): Promise<void> {
  try {
    await (await open(partial, 'wx', 0o600)).close();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
      throw new CommandError(`${partial} cannot be made: ${reasonOf(error)}`, { cause: error });
    }
    throw new CommandError(`${partial} is of a command that runs, or that was cut off: remove it if none runs`);
  }
}

/** What is done to a file or a folder. Throws a CommandError that names it. */
export async function writing<Result>(name: string, work: Promise<Result>): Promise<Result> {
  try {
    return await work;
  } catch (error) {
    throw new CommandError(`${name} cannot be written: ${reasonOf(error)}`, { cause: error });
  }
}

/** Waits until a file or folder is on the disk; gives its size in bytes. */
export async function flush(name: string): Promise<number> {
  const handle = await open(name, 'r');
  try {
    await handle.sync();
    return (await handle.stat()).size;
  } finally {
    await handle.close();
  }
}

/** True where there is something of that name. */
export function isThere(file: string): Promise<boolean> {
  return lstat(file).then(
    () => true,
    () => false,
  );
}

/** The file of a SQLite database. Throws a CommandError, with what to do instead, for a database that has none. */
export function sqliteFileOf(url: string, instead: { postgres: string; memory: string }): string {
  if (!url.startsWith('sqlite:')) throw new CommandError(instead.postgres);
  const file = url.slice('sqlite:'.length);
  if (file === ':memory:') throw new CommandError(instead.memory);
  return file;
}
