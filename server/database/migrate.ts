/** Migrations of the tables, run by knex. */
import type { Knex } from 'knex';
import type { Database as Sqlite } from 'sqlite3';
import { MIGRATIONS, migrationSource } from '../../resources/migrations/source.ts';
import { ConfigError } from '../config.ts';
import { unhurried } from './postgres.ts';

/** Returns the knex configuration of a database: for migrations, seeds and its command line. */
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

/** Waits up to five seconds for a lock of another process, as every connection of the server does. */
function waitForLocks(connection: Sqlite, done: (error: Error | null, connection: Sqlite) => void): void {
  connection.run('PRAGMA busy_timeout = 5000', (error) => done(error, connection));
}

/** An applied migration. */
export interface Noted {
  name: string;
}

/** The applied migrations as knex records them; no rows if the last run died while it held knex's own lock. */
export const NOTED =
  'SELECT name FROM knex_migrations WHERE NOT EXISTS (SELECT 1 FROM knex_migrations_lock WHERE is_locked = 1)';
/** The same in the schema where knex looks: not one further along the search path. */
export const NOTED_HERE = `${NOTED} AND tableoid = to_regclass(quote_ident(current_schema()) || '.knex_migrations')`;

/**
 * Returns true if knex would find nothing to do. Loading knex takes a tenth of a start, which most starts can save.
 * Throws a ConfigError if a newer version has changed the tables: knex would say that files are missing.
 */
async function isUpToDate(noted: () => Promise<Noted[]>): Promise<boolean> {
  // If the tables are missing or cannot be read, knex creates them or reports why.
  const names = (await noted().catch(() => [])).map(({ name }) => name);
  const newer = names.filter((name) => !(name in MIGRATIONS));
  if (newer.length === 0) return String(names.sort()) === String(Object.keys(MIGRATIONS));
  const remedy = 'start that version, or restore a backup from before it';
  throw new ConfigError(
    `The database of DATABASE_URL was migrated by a newer version (${newer.join(', ')}): ${remedy}`,
  );
}

/** Silences knex: the caller reports errors once. */
const QUIET = { warn: () => undefined, error: () => undefined };

/**
 * Migrates the tables and returns the names of the applied migrations; `noted` reads those applied before. Writes
 * nothing if all are applied, since the disk may be full. Throws a ConfigError.
 */
export async function migrateAt(url: string, noted: () => Promise<Noted[]>): Promise<string[]> {
  if (await isUpToDate(noted)) return [];
  const { default: knexModule } = await import('knex');
  const knex = knexModule({ ...knexConfig(url), log: QUIET });
  try {
    const [, due] = (await knex.migrate.list()) as [done: unknown[], due: unknown[]];
    const held = await knex('knex_migrations_lock').where('is_locked', 1);
    // The caller holds the database, so a lock of knex's own was left by a process that died.
    if (held.length > 0) await knex.migrate.forceFreeMigrationsLock();
    if (due.length === 0) return [];
    const [, applied] = (await knex.migrate.latest()) as [batch: number, applied: string[]];
    return applied;
  } catch (error) {
    // The part before the last ` - ` is the whole statement.
    const reason = (error as Error).message.split(' - ').at(-1)?.replaceAll(/\s+/g, ' ');
    throw new ConfigError(`The tables of DATABASE_URL cannot be created or read: ${reason}`, {
      cause: error,
    });
  } finally {
    await knex.destroy();
  }
}
