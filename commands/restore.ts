/** `npm run restore -- FILE`: puts a backup in the place of the SQLite database, which is kept under other names. */
import { mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { copyDatabase, findDamage, hasTable } from '../resources/dialects/sqlite.ts';
import { acquireLock } from '../server/lock.ts';
import { readFileArgument } from './arguments.ts';
import { runCommand } from './command.ts';
import { CommandError, reasonOf } from './errors.ts';
import { flush, reserve, sqliteFileOf } from './files.ts';
import { keep } from './kept.ts';

await runCommand('The restore', async ({ databaseUrl }) => {
  const backup = readFileArgument('name the backup: npm run restore -- ward-backup.db');
  const target = sqliteFileOf(databaseUrl, {
    postgres: 'a PostgreSQL database is restored by its own tools: pg_restore --dbname=DATABASE FILE',
    memory: 'sqlite::memory: has no file: DATABASE_URL names the database',
  });
  await mkdir(path.dirname(target), { recursive: true });
  const lock = await acquireLock(target);
  try {
    const kept = await restore(backup, target);
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

/** What is wrong with a backup, if anything. */
async function damageOf(backup: string): Promise<string | undefined> {
  return (await hasTable(backup, 'resource')) ? findDamage(backup) : 'it has no resources';
}
