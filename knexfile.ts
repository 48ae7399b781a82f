import { readConfig } from './server/config.ts';
import { knexConfig } from './server/database.ts';

/** For the knex command line: `npm run migrate`, `npm run seed`. */
export default {
  ...knexConfig(readConfig(process.env).databaseUrl),
  seeds: { directory: './seeds', loadExtensions: ['.ts'] },
};
