/** `npm run restore -- FILE`: puts a backup in the place of the SQLite database, which is kept under other names. */
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
    postgres: 'a PostgreSQL database is restored by its own tools: pg_restore --dbname=DATABASE FILE',
    memory: 'sqlite::memory: has no file: DATABASE_URL names the database',
  });
  const folder = path.dirname(target);
  await writing(folder, makeFolder(folder));
  const lock = await acquireLock(target);
  try {
    const kept = await restore(backup, realPath(target));
    const before = kept === undefined ? '' : `What was there is ${kept} now, with its log beside it.\n`;
    return `Restored ${target} from ${backup}.\n${before}Access is as it was: what was revoked later is good again.\n`;
  } finally {
    await lock.release();
  }
});

/**
 * Copies the backup beside the database and gives it its name once it is whole and on the disk. Gives the name under
 * which the database of before is kept, if there was one. Throws a CommandError.
 */
async function restore(backup: string, target: string): Promise<string | undefined> {
  const damage = await damageOf(backup).catch((error: unknown) => reasonOf(error));
  if (damage !== undefined) throw new CommandError(`${backup} is no whole backup: ${damage}`);
  const partial = `${target}.partial`;
  await reserve(partial);
  try {
    // With the log that may stand beside it, as beside what an earlier restore has kept.
    await copyDatabase(backup, partial);
    await giveAs(target, partial);
    await flush(partial);
    const kept = await keep(target);
    // What is left beside a database that could not be opened would be applied to whatever comes in its place.
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
 * Gives a file to whom the one that it is to replace belongs, with its mode: the server may run as another user. Where
 * there is none, to whom the folder belongs. The lock goes with it, which a server as that user is to take.
 */
async function giveAs(target: string, partial: string): Promise<void> {
  const isReplaced = await isThere(target);
  const { uid, gid, mode } = await stat(isReplaced ? target : path.dirname(target));
  // Only root may give a file away. Anybody else is taken for who runs the server, where nothing says otherwise.
  const isRoot = process.getuid?.() === 0;
  if (isReplaced || isRoot) await chown(partial, uid, gid);
  if (isReplaced) await chmod(partial, mode & 0o777);
  if (isRoot) await chown(lockFileOf(target), uid, gid);
}

/** What is wrong with a backup, if anything. */
async function damageOf(backup: string): Promise<string | undefined> {
  return (await hasTable(backup, 'resource')) ? findDamage(backup) : 'it has no resources';
}
