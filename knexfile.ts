import type { Knex } from 'knex';
import { readConfig } from './server/config.ts';
import { holdDatabase } from './server/database/database.ts';
import type { Lock } from './server/database/lock.ts';
import { knexConfig } from './server/database/migrate.ts';
import { endWith } from './server/startup/end-with.ts';

/**
 * The configuration for the knex command line: `npm run knex -- migrate:status`. It locks the database like a starting
 * server until the process ends, so that neither changes it under the other. `npm run migrate` and `npm run seed` do
 * not use it.
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
