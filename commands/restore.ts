/** `npm run restore -- FILE`: replaces the SQLite database by a backup, and keeps the old one under another name. */
import { chmod, chown, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { copyDatabase, findDamage, hasTable } from '../resources/dialects/sqlite.ts';
import { makeFolder } from '../server/database/folder.ts';
import { acquireLock, lockFileOf, realPath } from '../server/database/lock.ts';
import { readFileArgument } from './arguments.ts';
import { runCommand } from './command.ts';
import { CommandError, reasonOf } from './errors.ts';
import { flush, isThere, reserve, sqliteFileOf, writing } from './files.ts';
import { keep } from './kept.ts';

await runCommand('The restore', async ({ databaseUrl }) => {
  const backup = readFileArgument('name the backup: npm run restore -- ward-backup.db');
  const target = sqliteFileOf(databaseUrl, {
    postgres: 'restore PostgreSQL with its own tools: pg_restore --dbname=DATABASE FILE',
    memory: 'sqlite::memory: has no file: set DATABASE_URL to the database',
  });
  const folder = path.dirname(target);
  await writing(folder, makeFolder(folder));
  const lock = await acquireLock(target);
  try {
    const kept = await restore(backup, realPath(target));
    const before = kept === undefined ? '' : `The previous database is now ${kept}, with its log beside it.\n`;
    return `Restored ${target} from ${backup}.\n${before}Access is as it was: what was revoked later is valid again.\n`;
  } finally {
    await lock.release();
  }
});

/**
 * Copies the backup beside the database and renames it once it is complete and synced to disk. Returns the name of the
 * old database's copy, if there was one. Throws a CommandError.
 */
async function restore(backup: string, target: string): Promise<string | undefined> {
  const damage = await damageOf(backup).catch((error: unknown) => reasonOf(error));
  if (damage !== undefined) throw new CommandError(`${backup} is not a complete backup: ${damage}`);
  const partial = `${target}.partial`;
  await reserve(partial);
  try {
    // Includes the WAL beside the backup, if there is one, as there is beside a database kept by an earlier restore.
    await copyDatabase(backup, partial);
    await giveAs(target, partial);
    await flush(partial);
    const kept = await keep(target);
    // A WAL left by a database that could not be opened would be applied to its replacement.
    for (const end of ['-wal', '-shm']) await rm(target + end, { force: true });
    await rename(partial, target);
    await flush(path.dirname(target));
    return kept;
  } catch (error) {
    await Promise.all(['', '-journal'].map((end) => rm(partial + end, { force: true })));
    throw new CommandError(`${target} was not restored from ${backup}: ${reasonOf(error)}`, { cause: error });
  }
}

/**
 * Gives a file the owner and mode of the file that it replaces, since the server may run as another user; without one,
 * the owner of the folder. The lock file gets the same owner, so that a server running as that user can take it.
 */
async function giveAs(target: string, partial: string): Promise<void> {
  const isReplaced = await isThere(target);
  const { uid, gid, mode } = await stat(isReplaced ? target : path.dirname(target));
  // Only root can change an owner. Any other user is assumed to be the one that runs the server.
  const isRoot = process.getuid?.() === 0;
  if (isReplaced || isRoot) await chown(partial, uid, gid);
  if (isReplaced) await chmod(partial, mode & 0o777);
  if (isRoot) await chown(lockFileOf(target), uid, gid);
}

/** Returns what is wrong with a backup; undefined if nothing is. */
async function damageOf(backup: string): Promise<string | undefined> {
  return (await hasTable(backup, 'resource')) ? findDamage(backup) : 'it has no table of resources';
}
