/** Connections to PostgreSQL: how they are made, how many there are, and how long each may be kept waiting. */
import pg from 'pg';
import { PostgresConnection } from '../../resources/dialects/postgres.ts';
import { LONGEST_WAIT } from '../../resources/pace/bounded-queue.ts';
import type { WriterConnection } from '../../resources/storage/connection.ts';
import { ConfigError } from '../config.ts';

const MOST_READERS = 8;
const FEWEST_READERS = 2;
/** For all processes of one server: PostgreSQL accepts 100 connections by default. */
const CONNECTIONS = 80;

/** Returns the number of connections for reads in each process; one more writes. */
function readersOf(processes: number): number {
  return Math.max(FEWEST_READERS, Math.min(MOST_READERS, Math.floor(CONNECTIONS / processes) - 1));
}

/** Connections that searches never use, since every request needs reads for its token and account. */
const NOT_FOR_SEARCHES = 2;

/** Returns how many searches a process runs at once. */
export function searchesOf(processes: number): number {
  return Math.max(1, readersOf(processes) - NOT_FOR_SEARCHES);
}

/** Milliseconds for one statement, unless the URL sets them (`?query_timeout=5000`). */
const LONGEST_STATEMENT = 30_000;
/** The largest delay of a timer: a longer one would fire at once and abort every statement. */
const LONGEST_TIMER = 2 ** 31 - 1;
/** Idle milliseconds after which TCP probes whether the other side is still there. */
const QUIET = 10_000;

/** How a database URL is used in the settings. */
interface UrlUse {
  /** The setting that holds the URL. */
  variable: string;
  /** Milliseconds for a statement, unless the URL sets them. */
  longest: number;
}

const PRIMARY: UrlUse = { variable: 'DATABASE_URL', longest: LONGEST_STATEMENT };

function longestStatement(url: string, { variable, longest }: UrlUse): number {
  const asked = Number(new URL(url).searchParams.get('query_timeout') ?? longest);
  if (Number.isInteger(asked) && asked >= 1 && asked <= LONGEST_TIMER) return asked;
  throw new ConfigError(
    `query_timeout in ${variable} must be a whole number of milliseconds from 1 to ${LONGEST_TIMER}`,
  );
}

/** Returns the URL without its statement timeout: for migrations, and for waiting until others have migrated. */
export function unhurried(url: string): string {
  const patient = new URL(url);
  patient.searchParams.delete('query_timeout');
  return patient.href;
}

/** The connection settings, and the statement timeout in milliseconds. */
export type PostgresSettings = pg.ClientConfig & { query_timeout: number };

/** Returns the connection settings for a database URL. Throws a ConfigError that names the setting. */
export function postgresSettings(url: string, use = PRIMARY): PostgresSettings {
  return {
    connectionString: url,
    application_name: 'ward',
    // An unreachable database is reported to the caller, not waited for. A connection that falls silent is abandoned:
    // its host may have vanished.
    connectionTimeoutMillis: 5000,
    query_timeout: longestStatement(url, use),
    keepAlive: true,
    keepAliveInitialDelayMillis: QUIET,
    types: { getTypeParser },
  };
}

/** Milliseconds that the other side may take to close a connection. */
const LONGEST_END = 2000;

/** A client whose `end` is bounded in time: if the host has vanished, no answer to it ever comes. */
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

/** The first query on a connection. PostgreSQL answers it at once, so a host that does not answer is gone. */
const IN_RECOVERY = { text: 'SELECT pg_is_in_recovery() AS follows', query_timeout: LONGEST_WAIT };

/**
 * Rejects if the database is a standby, to which an address may lead by mistake or for a moment: it may lag forever,
 * and would accept tokens that have been revoked. Once per connection is enough, because a primary closes all
 * connections before it becomes a standby.
 */
export async function refuseStandby(client: pg.ClientBase): Promise<void> {
  const { rows } = await client.query<{ follows: boolean }>(IN_RECOVERY);
  if (rows[0]?.follows !== false) throw new Error('it is a standby, which accepts no writes');
}

/** Rejects if the encoding is not UTF8: every read or write of a character outside it would fail. */
export async function refuseOtherEncoding(client: pg.ClientBase): Promise<void> {
  const { rows } = await client.query<{ server_encoding: string }>('SHOW server_encoding');
  const encoding = rows[0]?.server_encoding;
  if (encoding === 'UTF8') return;
  throw new Error(
    `its encoding is ${encoding}; create one with createdb --encoding=UTF8 --locale=C --template=template0`,
  );
}

/**
 * Makes PostgreSQL abort the statements that this process abandons, unless it has a `statement_timeout` already. They
 * would run to their end with their locks, and use up `max_connections` with connections that nobody holds any more.
 */
async function boundStatements(client: pg.ClientBase, { query_timeout: longest }: PostgresSettings): Promise<void> {
  const unbounded = "current_setting('statement_timeout') = '0'";
  await client.query(`SELECT set_config('statement_timeout', '${longest}', false) WHERE ${unbounded}`);
}

/** Opens the pool for the reads of one process out of `processes`; `look` checks each new connection. */
export function poolOf(
  settings: PostgresSettings,
  processes: number,
  look?: (client: pg.ClientBase) => Promise<void>,
): pg.Pool {
  const pool = new pg.Pool({
    ...settings,
    Client: PostgresClient,
    max: readersOf(processes),
    onConnect: async (client) => {
      await look?.(client);
      await boundStatements(client, settings);
    },
  });
  // The pool replaces an idle connection that breaks; without a listener the error would end the process.
  pool.on('error', () => undefined);
  return pool;
}

/** Turns `synchronous_commit` on if it is off: a commit must be on disk before it is answered. */
const DURABLE =
  "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'";

/** Opens the only connection that writes. */
export async function openPostgresWriter(settings: PostgresSettings): Promise<WriterConnection> {
  const client = new PostgresClient(settings);
  // A connection that breaks during a write is reported by that write.
  let isLost = false;
  client.on('error', () => {
    isLost = true;
  });
  await client.connect();
  try {
    await refuseStandby(client);
    // If the network path vanishes, PostgreSQL ends the open transaction and releases its locks after this time.
    await client.query(`SET idle_in_transaction_session_timeout = ${settings.query_timeout}`);
    await client.query(DURABLE);
    await boundStatements(client, settings);
  } catch (error) {
    await client.end();
    throw error;
  }
  const connection = new PostgresConnection(client);
  return {
    all: (sql, bindings) => connection.all(sql, bindings),
    run: (sql, bindings) => connection.run(sql, bindings),
    join: (statements) => connection.join(statements),
    get isLost() {
      return isLost;
    },
    close: () => client.end(),
  };
}

const BIGINT = 20;

/** Parses bigints as numbers: every bigint of the schema (keys, versions, times) fits. */
function getTypeParser(oid: number, format?: 'text' | 'binary'): (value: string) => unknown {
  return oid === BIGINT ? Number : pg.types.getTypeParser(oid, format === 'binary' ? 'text' : format);
}
