/** What a restore keeps of the database that it replaces. */
import { chown, constants, copyFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { SqliteConnection } from '../resources/dialects/sqlite.ts';
import { flush, isThere } from './files.ts';

/** What SQLite says of a file that is no database, or no whole one. */
const DAMAGED = ['SQLITE_NOTADB', 'SQLITE_CORRUPT'];

/**
 * Copies a database with its log to another name, where it is on the disk before anything of it is replaced. Gives the
 * name, undefined where there was none. A second name of the same file would not do: after a kill before the next step
 * a server would write to both.
 */
export async function keep(target: string): Promise<string | undefined> {
  if (!(await isThere(target))) return undefined;
  const kept = `${target}.before-${new Date().toISOString().replaceAll(':', '-')}`;
  const partial = `${target}.before.partial`;
  try {
    if (await isThere(`${target}-wal`)) await copy(`${target}-wal`, `${kept}-wal`);
    await copy(target, partial);
    await bringLogIn(target);
    await rename(partial, kept);
  } catch (error) {
    for (const file of [partial, `${kept}-wal`]) await rm(file, { force: true });
    throw error;
  }
  await flush(path.dirname(target));
  return kept;
}

/** It belongs to the same user. Where the file system can, it takes no room until one of both is written to. */
async function copy(file: string, to: string): Promise<void> {
  await copyFile(file, to, constants.COPYFILE_FICLONE);
  const { uid, gid } = await stat(file);
  await chown(to, uid, gid);
  await flush(to);
}

/**
 * Brings the log of a database into its file, which is all of it then, so that one step replaces it. One that is so
 * damaged that it cannot be opened is no loss.
 */
async function bringLogIn(target: string): Promise<void> {
  try {
    const connection = await SqliteConnection.open(target, 'writer');
    try {
      const [state] = await connection.all<{ busy: number }>('PRAGMA wal_checkpoint(TRUNCATE)');
      if (state?.busy) throw new Error('another process, such as a backup, reads what is there');
    } finally {
      await connection.close();
    }
  } catch (error) {
    const { code = '' } = ((error as Error).cause ?? {}) as { code?: string };
    if (!DAMAGED.includes(code)) throw error;
  }
}
