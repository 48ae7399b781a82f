/** `npm run backup -- FILE`: writes a consistent copy of the SQLite database, which a server may be using. */
import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { copyDatabase, findDamage } from '../resources/dialects/sqlite.ts';
import { readFileArgument } from './arguments.ts';
import { runCommand } from './command.ts';
import { CommandError, reasonOf } from './errors.ts';
import { flush, isThere, reserve, sqliteFileOf } from './files.ts';

await runCommand('The backup', async ({ databaseUrl }) => {
  const file = readFileArgument('name one new file: npm run backup -- ward-backup.db');
  const source = sourceOf(databaseUrl);
  const moment = new Date().toISOString();
  const bytes = await backUp(source, file);
  return `Backed up ${source} as of ${moment}: ${file}, ${(bytes / 2 ** 20).toFixed(1)} MiB, verified\n`;
});

/** Returns the file of the database. Throws a CommandError with an alternative if there is none. */
function sourceOf(url: string): string {
  const source = sqliteFileOf(url, {
    postgres:
      'back up PostgreSQL with its own tools: pg_dump --format=custom --file=FILE DATABASE (pg_restore restores it), ' +
      'or pg_basebackup',
    memory: 'sqlite::memory: has no file to back up; use npm run export while the server runs',
  });
  if (!existsSync(source)) throw new CommandError(`${source} does not exist: set DATABASE_URL to the database`);
  return source;
}

/**
 * Writes the copy under a temporary name and renames it once it is complete and synced to disk, so that a file with the
 * final name is always a complete backup. Returns its size in bytes. Throws a CommandError.
 */
async function backUp(source: string, file: string): Promise<number> {
  const partial = `${file}.partial`;
  await reserve(partial);
  try {
    // Checked while the temporary name is reserved, so that the second of two concurrent backups sees the first.
    if (await isThere(file)) throw new CommandError(`${file} exists already: name a new file`);
    await copyDatabase(source, partial);
    const bytes = await flush(partial);
    const damage = await findDamage(partial);
    if (damage !== undefined) throw new Error(`the copy is damaged, and the database may be too: ${damage}`);
    await rename(partial, file);
    await flush(path.dirname(file));
    return bytes;
  } catch (error) {
    await Promise.all(['', '-journal'].map((end) => rm(partial + end, { force: true })));
    if (error instanceof CommandError) throw error;
    throw new CommandError(`${source} was not copied to ${file}: ${reasonOf(error)}`, { cause: error });
  }
}
