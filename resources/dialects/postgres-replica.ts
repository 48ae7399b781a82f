/** Reads from a replica of PostgreSQL that nobody can tell from reads of the primary. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Pool, PoolClient } from 'pg';
import { type Clock, isWithin } from '../clock.ts';
import { inTime } from '../pace/in-time.ts';
import { oncePerTick } from '../pace/tick.ts';
import { type Connection, DatabaseError } from '../storage/connection.ts';
import { PostgresConnection } from './postgres.ts';

export interface ReplicaOptions {
  primary: Connection;
  /** Connections to the replica, or to several behind one address. */
  pool: Pool;
  clock: Clock;
  /** Told when the replica is done without, and when it is used again. */
  report(problem: string): void;
}

export interface Replica {
  /** Reads from the replica where it has all that was committed before they were asked for, else from the primary. */
  connection: Connection;
  /** True where what is reached is no replica of the primary; false where it is one, or cannot be told yet. */
  isForeign(): Promise<boolean>;
}

/** Milliseconds between two looks at a replica that is behind; after the last look the primary is asked. */
const PAUSES = [2, 4, 8];
/** Milliseconds that a replica is left alone which is far behind or away. */
const LEFT_ALONE = 1000;
/** Milliseconds in which a replica says how far it is, those pauses among them: one that does not may be gone. */
const LONGEST_SILENCE = 250;

// Whatever is committed is flushed before it is answered, unless the database was told not to wait. What is inserted
// and not flushed is no commit then: reads that tidy a page do so too, and replicas hear of it only a while later.
const POSITION =
  "(CASE current_setting('synchronous_commit') WHEN 'off' THEN pg_current_wal_insert_lsn() " +
  'ELSE pg_current_wal_flush_lsn() END)::text';
// A position is one of a history, and those of two that went apart say nothing of each other: another history begins
// where a standby is promoted, or where a copy is started. Each primary notes its own, which its replicas replay.
const LINEAGE =
  "left(pg_walfile_name(pg_current_wal_flush_lsn()), 8) || '/' || extract(epoch FROM pg_postmaster_start_time())";
const PLACE = `SELECT ${POSITION} AS position, ${LINEAGE} AS lineage, (SELECT value FROM lineage) AS noted`;
const NOTE = `UPDATE lineage SET value = ${LINEAGE}`;
// Null where nothing is replayed: on a primary, and on a replica that was promoted.
const REACHED =
  'SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() >= $1::pg_lsn END AS reached, ' +
  '(SELECT value FROM lineage) AS lineage';
const IDENTITY =
  "SELECT system_identifier || '/' || (SELECT oid FROM pg_database WHERE datname = current_database()) AS identity " +
  'FROM pg_control_system()';

/** Where a primary is: how far, and in which history. */
interface Place {
  position: string;
  lineage: string;
}

/** Puts reads before a replica and its primary. */
export function openReplica({ primary, pool, clock, report }: ReplicaOptions): Replica {
  const asked = askingOf(primary);
  const proven = new WeakSet<PoolClient>();

  async function prove(client: PoolClient): Promise<void> {
    if (proven.has(client)) return;
    const expected = await asked.identity();
    const { rows } = await said(client.query<{ identity: string }>(IDENTITY));
    if (rows[0]?.identity !== expected) throw new ForeignDatabase('it is another database');
    proven.add(client);
  }

  // The place is asked for before the connection, and looked for on the connection that the read then takes:
  // behind one address there may be several replicas, each as far as it is.
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

  /** Looks whether it can be used again, for nobody in particular: no read waits for one that was found unfit. */
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
          return primary.all(sql, bindings);
        }
        try {
          return await replica.all<never>(sql, bindings);
        } catch (error) {
          if (isUnfit(error)) {
            leftAt = clock();
            if (used) report(`Reads go to the primary instead of the replica: ${error.message}`);
            used = false;
          }
          return primary.all(sql, bindings);
        }
      },
      run: (sql, bindings) => primary.run(sql, bindings),
    },
    isForeign: () =>
      whenReached(async () => undefined).then(
        () => false,
        (error: unknown) => error instanceof ForeignDatabase,
      ),
  };
}

/** What a primary is asked, with failures that are no replica's fault. */
function askingOf(primary: Connection): { identity(): Promise<string>; place(): Promise<Place> } {
  const told = <Answer>(answer: Promise<Answer>): Promise<Answer> =>
    answer.catch((cause: unknown) => {
      throw new PrimaryFailure('the primary does not say how far it is', { cause });
    });

  async function first<Row>(sql: string): Promise<Row> {
    const [row] = await told(primary.all<Row>(sql));
    if (!row) throw new PrimaryFailure('the primary says nothing');
    return row;
  }

  async function askPlace(): Promise<Place> {
    const place = await first<Place & { noted: string }>(PLACE);
    if (place.noted === place.lineage) return place;
    // A replica that is as far as this place has not replayed the note: it would be taken for another's.
    await told(primary.run(NOTE));
    return first<Place>(PLACE);
  }

  return { identity: async () => (await first<{ identity: string }>(IDENTITY)).identity, place: oncePerTick(askPlace) };
}

class ForeignDatabase extends Error {}

/** No fault of the replica. */
class PrimaryFailure extends Error {}

/** True where the next statement would fare no better: the replica is away, behind or in trouble. */
function isUnfit(error: unknown): error is DatabaseError {
  if (!(error instanceof DatabaseError) || error.cause instanceof PrimaryFailure) return false;
  // A statement that is at fault itself is so on the primary; one that replay got in the way of is not.
  return error.fault !== 'constraint' && error.fault !== 'contention';
}

/** Waits a moment until a replica is at a place of the primary. Throws where it is behind it, or elsewhere. */
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
    if (found?.reached == null) throw new Error('it is a primary itself, or has just begun');
    if (milliseconds !== undefined) await pause(milliseconds);
  }
  throw isFar ? new ForeignDatabase('it does not follow the primary that takes the writes') : new Error('it is behind');
}

/** Gives what a replica says; rejects where it says nothing for too long. */
function said<Said>(saying: Promise<Said>): Promise<Said> {
  return inTime(saying, LONGEST_SILENCE, () => new Error('it does not answer'));
}

/** Runs on a connection of its own; one that something went wrong on is not used again. */
async function withClient<Result>(pool: Pool, work: (client: PoolClient) => Promise<Result>): Promise<Result> {
  const client = await pool.connect();
  // It is told to the query too; without a listener it would end the process.
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
  // What becomes of the connection is seen by whoever uses it next.
}
