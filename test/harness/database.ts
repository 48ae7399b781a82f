/** A fresh, empty database for one server: a SQLite file or a PostgreSQL database. */
import { randomBytes } from 'node:crypto';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';

export interface TestDatabase {
  /** The value for `DATABASE_URL`. */
  url: string;
  kind: 'sqlite' | 'postgres';
  /** Updates PostgreSQL's statistics, which query plans depend on and which autovacuum would update within a minute. */
  analyze(): Promise<void>;
  /** Closes every connection to it, like a network failure; a SQLite file has none. */
  cut(): Promise<void>;
  /** Drops it, even with open connections. */
  drop(): Promise<void>;
}

/** The kind of database in this run of the suites: PostgreSQL if `TEST_DATABASE_URL` names one. */
export const DATABASE_KIND: TestDatabase['kind'] = process.env['TEST_DATABASE_URL'] ? 'postgres' : 'sqlite';

/**
 * Creates an empty database, or a copy of a template without open connections; on PostgreSQL, `encoding` is optional.
 */
export async function freshDatabase(template?: TestDatabase, encoding?: string): Promise<TestDatabase> {
  const administration = process.env['TEST_DATABASE_URL'];
  return administration ? freshPostgres(administration, template, encoding) : freshSqlite(template);
}

async function freshSqlite(template?: TestDatabase): Promise<TestDatabase> {
  const folder = await mkdtemp(path.join(tmpdir(), 'ward-test-'));
  const file = path.join(folder, 'ward.db');
  if (template) await copyFile(template.url.slice('sqlite:'.length), file);
  return {
    url: `sqlite:${file}`,
    kind: 'sqlite',
    analyze: async () => undefined,
    cut: async () => undefined,
    drop: () => rm(folder, { recursive: true, force: true }),
  };
}

let copying: Promise<string> | undefined;

/**
 * Returns the clause that makes copies fastest: file copies. Since version 15 each page goes through the WAL by
 * default, which takes four times the CPU time for databases as small as these.
 */
async function fastestCopy(administration: string): Promise<string> {
  const [shown] = await execute(administration, 'SHOW server_version_num');
  return Number(shown?.['server_version_num']) >= 150_000 ? ' STRATEGY FILE_COPY' : '';
}

async function freshPostgres(
  administration: string,
  template?: TestDatabase,
  encoding?: string,
): Promise<TestDatabase> {
  const name = `ward_test_${randomBytes(6).toString('hex')}`;
  const source = template ? ` TEMPLATE ${new URL(template.url).pathname.slice(1)}` : '';
  const encoded = encoding ? ` TEMPLATE template0 ENCODING '${encoding}' LOCALE 'C'` : '';
  copying ??= fastestCopy(administration);
  await execute(administration, `CREATE DATABASE ${name}${source}${encoded}${await copying}`);
  const url = new URL(administration);
  url.pathname = `/${name}`;
  return {
    url: url.href,
    kind: 'postgres',
    analyze: async () => {
      await execute(url.href, 'ANALYZE');
    },
    cut: async () => {
      await execute(administration, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}'`);
    },
    drop: async () => {
      await execute(administration, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    },
  };
}

async function execute(connectionString: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}
