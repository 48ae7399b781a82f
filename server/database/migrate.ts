/** The tables, which knex makes and brings up to date. */
import type { Knex } from 'knex';
import type { Database as Sqlite } from 'sqlite3';
import { MIGRATIONS, migrationSource } from '../../resources/migrations/source.ts';
import { ConfigError } from '../config.ts';
import { unhurried } from './postgres.ts';

/** What knex needs to reach a database: for migrations, seeds and its command line. */
export function knexConfig(url: string): Knex.Config {
  const migrations = { migrationSource };
  return url.startsWith('sqlite:')
    ? {
        client: 'sqlite3',
        connection: { filename: url.slice('sqlite:'.length) },
        pool: { afterCreate: waitForLocks },
        useNullAsDefault: true,
        migrations,
      }
    : { client: 'pg', connection: unhurried(url), migrations };
}

/** As every connection of the server does, for five seconds where another process has locked the file. */
function waitForLocks(connection: Sqlite, done: (error: Error | null, connection: Sqlite) => void): void {
  connection.run('PRAGMA busy_timeout = 5000', (error) => done(error, connection));
}

/** A migration that was run. */
export interface Noted {
  name: string;
}

/** What was run, as knex notes it; nothing where whoever ran it died before knex let go of its own lock. */
export const NOTED =
  'SELECT name FROM knex_migrations WHERE NOT EXISTS (SELECT 1 FROM knex_migrations_lock WHERE is_locked = 1)';
/** The same where knex would look for it: not in a schema further along the search path. */
export const NOTED_HERE = `${NOTED} AND tableoid = to_regclass(quote_ident(current_schema()) || '.knex_migrations')`;

/** Whether knex would find nothing to do: it takes a tenth of a start to load, and most can do without. */
async function isUpToDate(noted: () => Promise<Noted[]>): Promise<boolean> {
  // Where the tables are missing or cannot be read, knex makes them or tells why.
  const names = (await noted().catch(() => [])).map(({ name }) => name);
  return String(names.sort()) === String(Object.keys(MIGRATIONS));
}

/** What goes wrong is told once, by who starts. */
const QUIET = { warn: () => undefined, error: () => undefined };

/**
 * Brings the tables up to date and gives the names of the migrations that were run; `noted` asks which were before.
 * Where all is up to date nothing is written: there may be no room for it. Throws a ConfigError.
 */
export async function migrateAt(url: string, noted: () => Promise<Noted[]>): Promise<string[]> {
  if (await isUpToDate(noted)) return [];
  const { default: knexModule } = await import('knex');
  const knex = knexModule({ ...knexConfig(url), log: QUIET });
  try {
    const [, due] = (await knex.migrate.list()) as [done: unknown[], due: unknown[]];
    const held = await knex('knex_migrations_lock').where('is_locked', 1);
    // Whoever runs this holds the database, so a lock that knex finds was left by a process that died.
    if (held.length > 0) await knex.migrate.forceFreeMigrationsLock();
    if (due.length === 0) return [];
    const [, applied] = (await knex.migrate.latest()) as [batch: number, applied: string[]];
    return applied;
  } catch (error) {
    // Before it knex tells the whole statement.
    const reason = (error as Error).message.split(' - ').at(-1)?.replaceAll(/\s+/g, ' ');
    throw new ConfigError(`DATABASE_URL names a database whose tables cannot be made or read: ${reason}`, {
      cause: error,
    });
  } finally {
    await knex.destroy();
  }
}
