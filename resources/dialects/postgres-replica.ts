/** Reads from a PostgreSQL replica with the same results as reads from the primary. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Pool, PoolClient } from 'pg';
import { type Clock, isWithin } from '../clock.ts';
import { inTime } from '../pace/in-time.ts';
import { oncePerTick } from '../pace/tick.ts';
import { type Connection, DatabaseError } from '../storage/connection.ts';
import { PostgresConnection } from './postgres.ts';

export interface ReplicaOptions {
  primary: Connection;
  /** The primary for searches, which must not use all of its connections. */
  searches: Connection;
  /** Connections to the replica, or to several behind one address. */
  pool: Pool;
  clock: Clock;
  /** Called when the replica is no longer used, and when it is used again. */
  report(problem: string): void;
}

export interface Replica {
  /** Reads from the replica if it has everything that was committed before the read, otherwise from the primary. */
  connection: Connection;
  /**
   * Returns true if the server reached is not a replica of the primary; false if it is, or if that is unknown so far.
   */
  isForeign(): Promise<boolean>;
}

/** Milliseconds between checks of a replica that lags; after the last check, the read goes to the primary. */
const PAUSES = [2, 4, 8];
/** Milliseconds without checks of a replica that lags far behind or is unreachable. */
const LEFT_ALONE = 1000;
/** Maximum milliseconds for a replica to report its position, pauses included; a slower one may be down. */
const LONGEST_SILENCE = 250;

// An acknowledged commit has been flushed, so the flush position suffices, unless synchronous_commit is off. The insert
// position is further: reads that prune pages write WAL too, and replicas receive that only later.
const POSITION =
  "(CASE current_setting('synchronous_commit') WHEN 'off' THEN pg_current_wal_insert_lsn() " +
  'ELSE pg_current_wal_flush_lsn() END)::text';
// WAL positions are comparable only within one history: a new one begins when a standby is promoted or a copy is
// started. Each primary stores its lineage in a table, which its replicas replay.
const LINEAGE =
  "left(pg_walfile_name(pg_current_wal_flush_lsn()), 8) || '/' || extract(epoch FROM pg_postmaster_start_time())";
const PLACE = `SELECT ${POSITION} AS position, ${LINEAGE} AS lineage, (SELECT value FROM lineage) AS noted`;
const NOTE = `UPDATE lineage SET value = ${LINEAGE}`;
// Null if nothing is replayed: on a primary, and on a promoted replica.
const REACHED =
  'SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() >= $1::pg_lsn END AS reached, ' +
  '(SELECT value FROM lineage) AS lineage';
const IDENTITY =
  "SELECT system_identifier || '/' || (SELECT oid FROM pg_database WHERE datname = current_database()) AS identity " +
  'FROM pg_control_system()';

/** The position of a primary, and its history. */
interface Place {
  position: string;
  lineage: string;
}

/** Routes reads to a replica or its primary. */
export function openReplica({ primary, searches, pool, clock, report }: ReplicaOptions): Replica {
  const asked = askingOf(primary);
  const proven = new WeakSet<PoolClient>();

  async function prove(client: PoolClient): Promise<void> {
    if (proven.has(client)) return;
    const expected = await asked.identity();
    const { rows } = await said(client.query<{ identity: string }>(IDENTITY));
    if (rows[0]?.identity !== expected) throw new ForeignDatabase('it is a different database');
    proven.add(client);
  }

  // The primary's position is read before a connection is taken, and checked on the same connection that runs the read:
  // several replicas may be behind one address, each at its own position.
  async function whenReached<Result>(work: (client: PoolClient) => Promise<Result>): Promise<Result> {
    const wanted = await asked.place();
    return withClient(pool, async (client) => {
      await prove(client);
      await said(reach(client, wanted));
      return work(client);
    });
  }

  const replica = new PostgresConnection({
    query: (asked) => whenReached((client) => client.query({ ...asked, values: [...asked.values] })),
  });

  let leftAt = Number.NEGATIVE_INFINITY;
  let used = true;

  /** Checks whether the replica can be used again. No read waits for this. */
  function lookAgain(): void {
    if (isWithin(clock, leftAt, LEFT_ALONE)) return;
    leftAt = clock();
    whenReached(async () => undefined).then(() => {
      if (!used) report('Reads go to the replica again');
      used = true;
    }, ignored);
  }

  return {
    connection: {
      async all(sql, bindings) {
        if (!used) {
          lookAgain();
          return searches.all(sql, bindings);
        }
        try {
          return await replica.all<never>(sql, bindings);
        } catch (error) {
          if (isUnfit(error)) {
            leftAt = clock();
            if (used) report(`Reads go to the primary instead of the replica: ${error.message}`);
            used = false;
          }
          return searches.all(sql, bindings);
        }
      },
      run: (sql, bindings) => searches.run(sql, bindings),
    },
    isForeign: () =>
      whenReached(async () => undefined).then(
        () => false,
        (error: unknown) => error instanceof ForeignDatabase,
      ),
  };
}

/** Returns the queries to the primary; their failures are not blamed on the replica. */
function askingOf(primary: Connection): { identity(): Promise<string>; place(): Promise<Place> } {
  const told = <Answer>(answer: Promise<Answer>): Promise<Answer> =>
    answer.catch((cause: unknown) => {
      throw new PrimaryFailure('the primary does not report its position', { cause });
    });

  async function first<Row>(sql: string): Promise<Row> {
    const [row] = await told(primary.all<Row>(sql));
    if (!row) throw new PrimaryFailure('the primary does not answer');
    return row;
  }

  async function askPlace(): Promise<Place> {
    const place = await first<Place & { noted: string }>(PLACE);
    if (place.noted === place.lineage) return place;
    // A replica at this position has not replayed the update yet, and would look like a replica of another primary.
    await told(primary.run(NOTE));
    return first<Place>(PLACE);
  }

  return { identity: async () => (await first<{ identity: string }>(IDENTITY)).identity, place: oncePerTick(askPlace) };
}

class ForeignDatabase extends Error {}

/** A failure that is not the replica's fault. */
class PrimaryFailure extends Error {}

/** Returns true if the next statement would fail too: the replica is unreachable, lags or has a problem. */
function isUnfit(error: unknown): error is DatabaseError {
  if (!(error instanceof DatabaseError) || error.cause instanceof PrimaryFailure) return false;
  // A statement with an error of its own also fails on the primary; one that was cancelled for replay does not.
  return error.fault !== 'constraint' && error.fault !== 'contention';
}

/**
 * Waits briefly until a replica has reached a position of the primary. Throws if it lags, or follows another primary.
 */
async function reach(client: PoolClient, { position, lineage }: Place): Promise<void> {
  let isFar = false;
  for (const milliseconds of [...PAUSES, undefined]) {
    const { rows } = await client.query<{ reached: boolean | null; lineage: string }>({
      name: 'reached',
      text: REACHED,
      values: [position],
    });
    const [found] = rows;
    isFar = found?.reached ?? false;
    if (isFar && found?.lineage === lineage) return;
    if (found?.reached == null) throw new Error('it is a primary itself, or has just started');
    if (milliseconds !== undefined) await pause(milliseconds);
  }
  throw isFar ? new ForeignDatabase('it does not follow the current primary') : new Error('it is behind');
}

/** Resolves with a replica's response; rejects if it takes too long. */
function said<Said>(saying: Promise<Said>): Promise<Said> {
  return inTime(saying, LONGEST_SILENCE, () => new Error('it does not answer'));
}

/** Runs work on a connection of its own, and discards the connection after a failure. */
async function withClient<Result>(pool: Pool, work: (client: PoolClient) => Promise<Result>): Promise<Result> {
  const client = await pool.connect();
  // The running query receives the error too; an `error` event without a listener would end the process.
  client.on('error', ignored);
  let broken = true;
  try {
    const result = await work(client);
    broken = false;
    return result;
  } finally {
    client.off('error', ignored);
    client.release(broken);
  }
}

function ignored(): void {
  // The next user of the connection sees the error.
}
