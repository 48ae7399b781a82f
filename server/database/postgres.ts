/** The connections to PostgreSQL: how they are made, how many there are, and how long each may be kept waiting. */
import pg from 'pg';
import { PostgresConnection } from '../../resources/dialects/postgres.ts';
import { LONGEST_WAIT } from '../../resources/pace/waiting-line.ts';
import type { WriterConnection } from '../../resources/storage/connection.ts';
import { ConfigError } from '../config.ts';

const MOST_READERS = 8;
const FEWEST_READERS = 2;
/** For all processes of one server: PostgreSQL lets 100 connections in where nobody has told it otherwise. */
const CONNECTIONS = 80;

/** How many connections each process reads by, beside the one that it writes by. */
function readersOf(processes: number): number {
  return Math.max(FEWEST_READERS, Math.min(MOST_READERS, Math.floor(CONNECTIONS / processes) - 1));
}

/** Milliseconds that PostgreSQL may take for one statement, where the URL does not say (`?query_timeout=5000`). */
const LONGEST_STATEMENT = 30_000;
/** What a timer can wait for: it would take more for no time at all, and every statement would be given up. */
const LONGEST_TIMER = 2 ** 31 - 1;
/** Milliseconds without a word after which the system asks whether the other side is still there. */
const QUIET = 10_000;

/** What a URL of a database is in the settings. */
interface UrlUse {
  /** The setting that it is the value of. */
  variable: string;
  /** Milliseconds that a statement may take where the URL does not say. */
  longest: number;
}

const PRIMARY: UrlUse = { variable: 'DATABASE_URL', longest: LONGEST_STATEMENT };

function longestStatement(url: string, { variable, longest }: UrlUse): number {
  const asked = Number(new URL(url).searchParams.get('query_timeout') ?? longest);
  if (Number.isInteger(asked) && asked >= 1 && asked <= LONGEST_TIMER) return asked;
  throw new ConfigError(`query_timeout of ${variable} takes a whole number of milliseconds from 1 to ${LONGEST_TIMER}`);
}

/** A URL for what takes as long as it takes: to migrate, and to wait until others have. */
export function unhurried(url: string): string {
  const patient = new URL(url);
  patient.searchParams.delete('query_timeout');
  return patient.href;
}

/** How a connection is made, and how long a statement may take on it. */
export type PostgresSettings = pg.ClientConfig & { query_timeout: number };

/** How the connections to the database of a URL are made. Throws a ConfigError that names the setting. */
export function postgresSettings(url: string, use = PRIMARY): PostgresSettings {
  return {
    connectionString: url,
    application_name: 'ward',
    // A database that cannot be reached is told to the caller, not waited for, and one that says no more is given up:
    // its host may have vanished without a word.
    connectionTimeoutMillis: 5000,
    query_timeout: longestStatement(url, use),
    keepAlive: true,
    keepAliveInitialDelayMillis: QUIET,
    types: { getTypeParser },
  };
}

/** Milliseconds that the other side may take to let a connection end. */
const LONGEST_END = 2000;

/** A connection that ends in time: where the host has vanished, nothing comes back that its end could wait for. */
export class PostgresClient extends pg.Client {
  override end(): Promise<void>;
  override end(callback: (error: Error) => void): void;
  override end(callback?: (error: Error) => void): Promise<void> | undefined {
    const limit = setTimeout(() => this.connection.stream.destroy(), LONGEST_END).unref();
    this.once('end', () => clearTimeout(limit));
    if (!callback) return super.end();
    super.end(callback);
    return undefined;
  }
}

/** What a connection is asked before anything else; PostgreSQL answers at once, so that one that does not is gone. */
const IN_RECOVERY = { text: 'SELECT pg_is_in_recovery() AS follows', query_timeout: LONGEST_WAIT };

/**
 * Rejects where the database follows another, as one does that an address leads to by mistake or for a moment: it may
 * be behind for ever, and would tell of tokens that have been revoked. To ask once is enough, since a database that
 * takes writes ends every connection before it follows another.
 */
export async function refuseStandby(client: pg.ClientBase): Promise<void> {
  const { rows } = await client.query<{ follows: boolean }>(IN_RECOVERY);
  if (rows[0]?.follows !== false) throw new Error('it is a standby, which takes no writes');
}

/** Rejects where the database has no room for some characters: whatever is written or asked with one would fail. */
export async function refuseOtherEncoding(client: pg.ClientBase): Promise<void> {
  const { rows } = await client.query<{ server_encoding: string }>('SHOW server_encoding');
  const encoding = rows[0]?.server_encoding;
  if (encoding === 'UTF8') return;
  throw new Error(`its encoding is ${encoding}: make one by createdb --encoding=UTF8 --locale=C --template=template0`);
}

/** The connections that one of so many processes reads by; each is looked at before it is used. */
export function poolOf(
  settings: PostgresSettings,
  processes: number,
  look?: (client: pg.ClientBase) => Promise<void>,
): pg.Pool {
  const pool = new pg.Pool({
    ...settings,
    Client: PostgresClient,
    max: readersOf(processes),
    ...(look && { onConnect: look }),
  });
  // An idle connection that breaks is replaced by the pool; without a listener it would end the process.
  pool.on('error', () => undefined);
  return pool;
}

/** PostgreSQL may be told to answer a commit before it is on the disk; by its other settings it waits for that. */
const DURABLE =
  "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'";

/** Opens the one connection that writes. */
export async function openPostgresWriter(settings: PostgresSettings): Promise<WriterConnection> {
  const client = new PostgresClient(settings);
  // A broken connection is seen by the write that uses it.
  client.on('error', () => undefined);
  await client.connect();
  try {
    await refuseStandby(client);
    // Where it is the way that has vanished, PostgreSQL lets go of what a transaction holds that nobody will end.
    await client.query(`SET idle_in_transaction_session_timeout = ${settings.query_timeout}`);
    await client.query(DURABLE);
  } catch (error) {
    await client.end();
    throw error;
  }
  const connection = new PostgresConnection(client);
  return {
    all: (sql, bindings) => connection.all(sql, bindings),
    run: (sql, bindings) => connection.run(sql, bindings),
    join: (statements) => connection.join(statements),
    close: () => client.end(),
  };
}

const BIGINT = 20;

/** Every bigint of the schema fits a JavaScript number: keys, versions and times. */
function getTypeParser(oid: number, format?: 'text' | 'binary'): (value: string) => unknown {
  return oid === BIGINT ? Number : pg.types.getTypeParser(oid, format === 'binary' ? 'text' : format);
}
