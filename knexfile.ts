import type { Knex } from 'knex';
import { readConfig } from './server/config.ts';
import { holdDatabase } from './server/database/database.ts';
import type { Lock } from './server/database/lock.ts';
import { knexConfig } from './server/database/migrate.ts';
import { endWith } from './server/startup/end-with.ts';

/**
 * For the knex command line: `npm run knex -- migrate:status`. It holds the database as a starting server does until
 * its process ends, so that none changes beneath the other; `npm run migrate` and `npm run seed` need no knexfile.
 */
export default async function configure(): Promise<Knex.Config & { userParams: Partial<Lock> }> {
  try {
    const { databaseUrl } = readConfig(process.env);
    const { release } = await holdDatabase(databaseUrl);
    const seeds = { directory: './seeds', loadExtensions: ['.ts'] };
    return { ...knexConfig(databaseUrl), seeds, userParams: { release } };
  } catch (error) {
    return endWith(error, 'knex failed');
  }
}
