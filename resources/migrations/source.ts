import type { Knex } from 'knex';
import * as initial from './001_initial.ts';
import * as lineage from './002_lineage.ts';

/**
 * The migrations in order. They are listed rather than scanned: a folder read by the knex CLI (`.ts`) and by the server
 * (`.js`) would give the same migration two names.
 */
export const MIGRATIONS: Record<string, Knex.Migration> = { '001_initial': initial, '002_lineage': lineage };

/** The migration source for knex. */
export const migrationSource: Knex.MigrationSource<string> = {
  getMigrations: async () => Object.keys(MIGRATIONS),
  getMigrationName: (name) => name,
  getMigration: async (name) => {
    const migration = MIGRATIONS[name];
    if (!migration)
      throw new Error(`Migration ${name} is unknown: the database was created by a newer version of Ward.`);
    return migration;
  },
};
