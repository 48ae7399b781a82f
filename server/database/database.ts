import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Clock } from '../../resources/clock.ts';
import type { Dialect } from '../../resources/dialects/dialect.ts';
import { PostgresConnection, postgres } from '../../resources/dialects/postgres.ts';
import { openReplica, type ReplicaOptions } from '../../resources/dialects/postgres-replica.ts';
import { SqliteConnection, sqlite } from '../../resources/dialects/sqlite.ts';
import { LONGEST_WAIT } from '../../resources/pace/bounded-queue.ts';
import { LimitedConnection } from '../../resources/reading/limited-connection.ts';
import { PausingConnection } from '../../resources/reading/pausing-connection.ts';
import type { Connection, WriterConnection } from '../../resources/storage/connection.ts';
import { ConfigError } from '../config.ts';
import { makeFolder } from './folder.ts';
import { acquireLock, type Lock, LockedError } from './lock.ts';
import { migrateAt, NOTED, NOTED_HERE, type Noted } from './migrate.ts';
import {
  openPostgresWriter,
  PostgresClient,
  poolOf,
  postgresSettings,
  refuseOtherEncoding,
  refuseStandby,
  searchesOf,
  unhurried,
} from './postgres.ts';

/** An open database of either kind, as the engine uses it. */
export interface Database {
  dialect: Dialect;
  /** For point reads, which `BatchReader` groups, and other short reads. */
  points: Connection;
  /** Searches and histories, which may take longer. */
  queries: Connection;
  /** How many queries wait for a connection or, on SQLite, for their turn on the one connection. */
  readonly waiting: number;
  /** Opens the only connection that writes: for callers who wait for each write, or for bulk work. */
  openWriter(work?: 'bulk'): Promise<WriterConnection>;
  /** Migrates the tables; then runs `then` with the names of the new migrations, before another process may migrate. */
  migrate<Result>(then: (applied: string[]) => Promise<Result>): Promise<Result>;
  close(): Promise<void>;
}

/**
 * Opens the database of a URL: `sqlite:PATH`, `sqlite::memory:` or `postgres://…`.
 * A SQLite file is locked for this process; a second process is rejected.
 */
export function openDatabase(url: string, sharing: Sharing = ALONE): Promise<Database> {
  if (url.startsWith('sqlite:')) return reachable(openSqlite(url.slice('sqlite:'.length)));
  return openPostgres(url, sharing);
}

/** How a PostgreSQL database is shared. */
export interface Sharing {
  /** The number of processes of this server; they divide the connections. */
  processes: number;
  /** A replica for searches and histories. */
  readUrl?: string | undefined;
  clock: Clock;
  /** Called when the replica becomes unusable, and when it is usable again. */
  report(problem: string): void;
}

const ALONE: Sharing = { processes: 1, clock: Date.now, report: () => undefined };

/**
 * Locks a database for a migration by the knex command line: a SQLite file for this process alone, a PostgreSQL
 * database against other migrations. The lock ends when it is released or the process ends.
 */
export function holdDatabase(url: string): Promise<Lock> {
  if (!url.startsWith('sqlite:')) return holdPostgres(url);
  const path = url.slice('sqlite:'.length);
  return path === ':memory:' ? Promise.resolve({ release: async () => undefined }) : reachable(holdSqlite(path));
}

async function holdSqlite(path: string): Promise<Lock> {
  await makeFolder(dirname(path));
  const lock = await acquireLock(path);
  try {
    await makePrivate(path);
    return lock;
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/**
 * Creates a missing file that only its owner can read, since it will hold the signing keys: SQLite would make it
 * world-readable. Its WAL file gets the same mode. An existing file keeps its mode.
 */
async function makePrivate(path: string): Promise<void> {
  await (await open(path, 'a', 0o600)).close();
}

/** Resolves with the opened database, or rejects with a ConfigError of one line; it never quotes the URL. */
async function reachable<Opened>(opening: Promise<Opened>): Promise<Opened> {
  try {
    return await opening;
  } catch (error) {
    if (error instanceof LockedError) throw error;
    const { message = '', code = '' } = error as { message?: string; code?: string };
    const reason = (message || code).replaceAll(/\s+/g, ' ');
    throw new ConfigError(`DATABASE_URL cannot be opened: ${reason}`, { cause: error });
  }
}

/**
 * One query that runs and one that is ready. They take turns on their connection, and each blocks a thread meanwhile.
 */
const AT_ONCE = 2;

async function openSqlite(location: string): Promise<Database> {
  const temporary = location === ':memory:' ? await mkdtemp(join(tmpdir(), 'ward-')) : undefined;
  const path = temporary ? join(temporary, 'ward.db') : location;
  const lock = await holdSqlite(path);
  // The writer comes first: it sets the journal mode of a new file, which a reader cannot.
  await (await SqliteConnection.open(path, 'writer')).close();
  const reading = await SqliteConnection.open(path, 'reader');
  const points = new LimitedConnection(reading, AT_ONCE, { name: 'reads' });
  const searching = await SqliteConnection.open(path, 'reader');
  // Searches that follow each other without a gap would keep the WAL from restarting, and it would fill the disk.
  const pausing = new PausingConnection(searching);
  const queries = new LimitedConnection(pausing, AT_ONCE);
  return {
    dialect: sqlite,
    points,
    queries,
    get waiting() {
      return points.waiting + queries.waiting;
    },
    openWriter: (work) => SqliteConnection.open(path, work ?? 'writer', () => pausing.pause()),
    migrate: async (then) => then(await migrateAt(`sqlite:${path}`, () => reading.all(NOTED))),
    close: async () => {
      pausing.close();
      await reading.close();
      await searching.close();
      await lock.release();
      if (temporary) await rm(temporary, { recursive: true, force: true });
    },
  };
}

/** An arbitrary number, the same in every version of the server. */
const MIGRATION_LOCK = 7_271_493;

/** Milliseconds to connect to a replica before the server goes on without it. */
const REPLICA_TIMEOUT = 1000;
/** Milliseconds for one read on a replica, unless its URL sets them; then the primary is asked. */
const REPLICA_READ = 5000;

/**
 * A lock holder whose host vanishes closes no connection: PostgreSQL probes it after twenty idle seconds, every ten
 * seconds, and releases the lock after three probes without an answer.
 */
const NOTICED = 'SET tcp_keepalives_idle = 20; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3';

/** A lock and the connection that holds it. */
interface Hold extends Lock {
  client: PostgresClient;
}

/** Waits until nobody else migrates this database, and blocks others until it is released. */
async function holdPostgres(url: string): Promise<Hold> {
  const client = await reachable(connectUnhurried(url));
  try {
    await reachable(refuseStandby(client));
    await reachable(refuseOtherEncoding(client));
    await client.query(NOTICED);
    await client.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
  } catch (error) {
    await client.end();
    throw error;
  }
  return { client, release: () => client.end() };
}

/** Connects without a statement timeout. Also rejects if the URL names an unreadable file, such as a certificate. */
async function connectUnhurried(url: string): Promise<PostgresClient> {
  const client = new PostgresClient({ ...postgresSettings(url), connectionString: unhurried(url), query_timeout: 0 });
  await client.connect();
  return client;
}

async function openPostgres(url: string, sharing: Sharing): Promise<Database> {
  const settings = postgresSettings(url);
  // A wait for a pooled connection has the same limit as every other wait.
  const pool = poolOf({ ...settings, connectionTimeoutMillis: LONGEST_WAIT }, sharing.processes, refuseStandby);
  const points = new PostgresConnection(pool);
  const { readUrl } = sharing;
  const searches = new LimitedConnection(points, searchesOf(sharing.processes), { alone: true });
  const replica = readUrl === undefined ? undefined : openReads(readUrl, { ...sharing, primary: points, searches });
  return {
    dialect: postgres,
    points,
    queries: replica?.queries ?? searches,
    get waiting() {
      return pool.waitingCount + searches.waiting;
    },
    openWriter: () => openPostgresWriter(settings),
    migrate: async (then) => {
      const hold = await holdPostgres(url);
      try {
        const applied = await migrateAt(url, async () => (await hold.client.query<Noted>(NOTED_HERE)).rows);
        await replica?.prove();
        return await then(applied);
      } finally {
        await hold.release();
      }
    },
    close: async () => {
      await replica?.close();
      await pool.end();
    },
  };
}

/** Reads from a replica, or from the primary if necessary. */
interface Reads {
  queries: Connection;
  /** Rejects if the URL names a database that is no replica of the primary; the primary's tables exist by then. */
  prove(): Promise<void>;
  close(): Promise<void>;
}

function openReads(url: string, sharing: Sharing & Pick<ReplicaOptions, 'primary' | 'searches'>): Reads {
  const settings = postgresSettings(url, { variable: 'DATABASE_READ_URL', longest: REPLICA_READ });
  const pool = poolOf({ ...settings, connectionTimeoutMillis: REPLICA_TIMEOUT }, sharing.processes);
  const { connection, isForeign } = openReplica({ ...sharing, pool });
  return {
    queries: connection,
    async prove() {
      if (!(await isForeign())) return;
      throw new ConfigError('DATABASE_READ_URL must name a replica of DATABASE_URL: correct it or unset it');
    },
    close: () => pool.end(),
  };
}
