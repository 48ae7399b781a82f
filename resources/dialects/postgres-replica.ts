/** Reads from a replica of PostgreSQL that nobody can tell from reads of the primary. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Pool, PoolClient } from 'pg';
import type { Clock } from '../clock.ts';
import { type Connection, DatabaseError } from '../connection.ts';
import { oncePerTick } from '../tick.ts';
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
  /** True where the database that is reached is another one; false where it is a replica, or where none is reached. */
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
  "SELECT (CASE current_setting('synchronous_commit') WHEN 'off' THEN pg_current_wal_insert_lsn() " +
  'ELSE pg_current_wal_flush_lsn() END)::text AS position';
// Null where nothing is replayed: on a primary, and on a replica that was promoted.
const REACHED = 'SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() >= $1::pg_lsn END AS reached';
const IDENTITY =
  "SELECT system_identifier || '/' || (SELECT oid FROM pg_database WHERE datname = current_database()) AS identity " +
  'FROM pg_control_system()';

/** Puts reads before a replica and its primary. */
export function openReplica({ primary, pool, clock, report }: ReplicaOptions): Replica {
  const askPrimary = async <Row>(sql: string): Promise<Row | undefined> => {
    const [row] = await primary.all<Row>(sql).catch((cause: unknown) => {
      throw new PrimaryFailure('the primary does not say how far it is', { cause });
    });
    return row;
  };
  const position = oncePerTick(async () => (await askPrimary<{ position: string }>(POSITION))?.position ?? '');
  const proven = new WeakSet<PoolClient>();

  async function prove(client: PoolClient): Promise<void> {
    if (proven.has(client)) return;
    const expected = await askPrimary<{ identity: string }>(IDENTITY);
    const { rows } = await inTime(client.query<{ identity: string }>(IDENTITY));
    if (rows[0]?.identity !== expected?.identity) throw new ForeignDatabase('it is another database');
    proven.add(client);
  }

  // The position is asked for before the connection, and looked for on the connection that the read then takes:
  // behind one address there may be several replicas, each as far as it is.
  async function whenReached<Result>(work: (client: PoolClient) => Promise<Result>): Promise<Result> {
    const wanted = await position();
    return withClient(pool, async (client) => {
      await prove(client);
      await inTime(reach(client, wanted));
      return work(client);
    });
  }

  const replica = new PostgresConnection({
    query: (asked) => whenReached((client) => client.query({ ...asked, values: [...asked.values] })),
  });

  let aloneUntil = Number.NEGATIVE_INFINITY;
  let used = true;

  /** Looks whether it can be used again, for nobody in particular: no read waits for one that was found unfit. */
  function lookAgain(): void {
    if (clock() < aloneUntil) return;
    aloneUntil = clock() + LEFT_ALONE;
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
            aloneUntil = clock() + LEFT_ALONE;
            if (used) report(`Reads go to the primary instead of the replica: ${error.message}`);
            used = false;
          }
          return primary.all(sql, bindings);
        }
      },
      run: (sql, bindings) => primary.run(sql, bindings),
    },
    isForeign: () =>
      withClient(pool, prove).then(
        () => false,
        (error: unknown) => error instanceof ForeignDatabase,
      ),
  };
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

/** Waits a moment until a replica has replayed a position. Throws where it is further behind. */
async function reach(client: PoolClient, position: string): Promise<void> {
  for (const milliseconds of [...PAUSES, undefined]) {
    const { rows } = await client.query<{ reached: boolean | null }>({
      name: 'reached',
      text: REACHED,
      values: [position],
    });
    const reached = rows[0]?.reached ?? null;
    if (reached) return;
    if (reached === null) throw new Error('it is a primary itself, or has just begun');
    if (milliseconds !== undefined) await pause(milliseconds);
  }
  throw new Error('it is behind');
}

/** Gives what a replica says; rejects where it says nothing for too long. */
function inTime<Said>(saying: Promise<Said>): Promise<Said> {
  return new Promise((resolve, reject) => {
    const limit = setTimeout(() => {
      // What came while this process was busy is taken in first.
      setImmediate(reject, new Error('it does not answer'));
    }, LONGEST_SILENCE);
    saying.then(resolve, reject).finally(() => clearTimeout(limit));
  });
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
