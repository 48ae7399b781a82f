/** A fresh, empty database for one server: a file of its own, or a PostgreSQL database of its own. */
import { randomBytes } from 'node:crypto';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';

export interface TestDatabase {
  /** What `DATABASE_URL` takes. */
  url: string;
  kind: 'sqlite' | 'postgres';
  /** Counts what is in it, as PostgreSQL does by itself within a minute: its plans of searches go by that. */
  analyze(): Promise<void>;
  /** Ends every connection to it, as a broken network would; a SQLite file has none. */
  cut(): Promise<void>;
  /** Removes it, open connections or not. */
  drop(): Promise<void>;
}

/** The database that this run of the suites is on: PostgreSQL where `TEST_DATABASE_URL` names one. */
export const DATABASE_KIND: TestDatabase['kind'] = process.env['TEST_DATABASE_URL'] ? 'postgres' : 'sqlite';

/**
 * Makes an empty database of the run's kind, or a copy of another that nobody has open; on PostgreSQL one of another
 * encoding where that is named.
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
 * How a database is made quickest: as copies of files. Since version 15 each page goes through the log unless it is
 * asked for, which takes the processor four times as long for as little as these hold.
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
