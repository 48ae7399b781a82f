/** Keeps a copy of the database that a restore replaces. */
import { chown, constants, copyFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { SqliteConnection } from '../resources/dialects/sqlite.ts';
import { flush, isThere } from './files.ts';

/** The errors of SQLite for a file that is no database or a damaged one. */
const DAMAGED = ['SQLITE_NOTADB', 'SQLITE_CORRUPT'];

/**
 * Copies a database with its WAL to another name, and syncs it to disk before anything is replaced. Returns the name;
 * undefined if there was no database. A hard link would not do: if the restore were killed before its next step, a
 * server would write to both names.
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

/**
 * Copies a file with its owner. On file systems with reflinks, the copy takes no space until one of them is written to.
 */
async function copy(file: string, to: string): Promise<void> {
  await copyFile(file, to, constants.COPYFILE_FICLONE);
  const { uid, gid } = await stat(file);
  await chown(to, uid, gid);
  await flush(to);
}

/**
 * Checkpoints the WAL into the database file, which is then complete, so that one rename replaces it. Errors of a
 * database too damaged to be opened are ignored.
 */
async function bringLogIn(target: string): Promise<void> {
  try {
    const connection = await SqliteConnection.open(target, 'writer');
    try {
      const [state] = await connection.all<{ busy: number }>('PRAGMA wal_checkpoint(TRUNCATE)');
      if (state?.busy) throw new Error('another process, such as a backup, is reading the database');
    } finally {
      await connection.close();
    }
  } catch (error) {
    const { code = '' } = ((error as Error).cause ?? {}) as { code?: string };
    if (!DAMAGED.includes(code)) throw error;
  }
}
