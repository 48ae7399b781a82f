/** `npm run migrate`: only migrates the tables, as every start does. */
import { openDatabase } from '../server/database/database.ts';
import { runCommand } from './command.ts';

await runCommand('migrate', async ({ databaseUrl }) => {
  const database = await openDatabase(databaseUrl);
  try {
    const applied = await database.migrate(async (names) => names);
    return applied.length === 0 ? 'Already up to date.\n' : `Migrated: ${applied.join(', ')}.\n`;
  } finally {
    await database.close();
  }
});
