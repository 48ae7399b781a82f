/** The stored records of guess protection: failures of one day, known addresses of 30 days. */
import type { Clock } from '../../resources/clock.ts';
import type { Engine, Transaction } from '../../resources/engine.ts';
import { endOfTurn } from '../../resources/pace/tick.ts';
import { remember } from '../../resources/remember.ts';
import { batching } from './batching.ts';

export const DAY_MS = 24 * 3600_000;
const KNOWN_MS = 30 * DAY_MS;
const SWEEP_MS = 3600_000;
const MOST_AT_ONCE = 1_000;
const MOST_REMEMBERED = 50_000;
/** The newest are enough to compute the lock. */
const MOST_FAILURES = 1_000;

/** One wrong guess. `pair` is a digest of the account and the network. */
export interface FailedAttempt {
  pair: string;
  network: string;
  /** Milliseconds since the epoch. */
  at: number;
}

export interface GuessRecords {
  /** Returns the times of the failures within the last day, oldest first, for a pair or for a whole network. */
  failures(of: 'pair' | 'network', subject: string): Promise<readonly number[]>;
  /** Stores a wrong guess. Resolves once every node sees it. */
  fail(attempt: FailedAttempt): Promise<void>;
  /** Returns true if the account authenticated from this address within the last 30 days. */
  isKnown(pair: string): Promise<boolean>;
  /** Records that the account has just authenticated from this address; at most once a day for each pair. */
  note(pair: string): Promise<void>;
}

export interface GuessRecordsOptions {
  engine: Engine;
  clock: Clock;
  /** Reports a problem to the operator. */
  report(problem: string): void;
}

const FAILURES = {
  pair: 'SELECT at FROM failed_attempt WHERE pair = ? AND at > ? ORDER BY at DESC LIMIT ?',
  network: 'SELECT at FROM failed_attempt WHERE network = ? AND at > ? ORDER BY at DESC LIMIT ?',
};

const NOTE =
  'INSERT INTO known_address (pair, seen_at) VALUES (?, ?) ' +
  'ON CONFLICT (pair) DO UPDATE SET seen_at = excluded.seen_at';

/**
 * Stores the records in the database. If this process makes every write, reads are cached until a guess fails;
 * otherwise they are read once per tick for all callers. Concurrent writes are grouped into one job of the write queue,
 * so that a flood of them does not crowd out other writes.
 */
export function createGuessRecords({ engine, clock, report }: GuessRecordsOptions): GuessRecords {
  const remembered = new Map<string, Promise<readonly number[]>>();
  const noted = new Map<string, number>();
  let sweptAt = 0;

  async function read(of: 'pair' | 'network', subject: string): Promise<readonly number[]> {
    const bindings = [subject, clock() - DAY_MS, MOST_FAILURES];
    const rows = await engine.committed.all<{ at: number }>(FAILURES[of], bindings);
    return rows.map(({ at }) => at).reverse();
  }

  async function readWithTheTick(of: 'pair' | 'network', subject: string): Promise<readonly number[]> {
    await endOfTurn();
    // Later callers must not get the result of this query.
    remembered.delete(subject);
    return read(of, subject);
  }

  const fail = batching<FailedAttempt>(MOST_AT_ONCE, async (attempts) => {
    const now = clock();
    const isDue = now - sweptAt >= SWEEP_MS;
    await engine.transact(async (transaction) => {
      for (const { pair, network, at } of attempts) {
        await transaction.run('INSERT INTO failed_attempt (pair, network, at) VALUES (?, ?, ?)', [pair, network, at]);
      }
      if (isDue) await sweep(transaction, now);
    });
    if (isDue) sweptAt = now;
    for (const { pair, network } of attempts) for (const subject of [pair, network]) remembered.delete(subject);
  });

  const note = batching<{ pair: string; at: number }>(MOST_AT_ONCE, (proven) =>
    engine.transact(async (transaction) => {
      // Rows stay locked until the commit. Nodes lock them in one order, so that they cannot deadlock.
      const inOrder = proven.toSorted((one, other) => (one.pair < other.pair ? -1 : 1));
      for (const { pair, at } of inOrder) await transaction.run(NOTE, [pair, at]);
    }),
  );

  return {
    failures(of, subject) {
      const known = remembered.get(subject);
      if (known) return known;
      const reading = engine.exclusive ? read(of, subject) : readWithTheTick(of, subject);
      remember(remembered, subject, reading, MOST_REMEMBERED);
      reading.catch(() => remembered.delete(subject));
      return reading;
    },
    fail,
    async isKnown(pair) {
      const sql = 'SELECT seen_at FROM known_address WHERE pair = ?';
      const [row] = await engine.committed.all<{ seen_at: number }>(sql, [pair]);
      return row !== undefined && row.seen_at > clock() - KNOWN_MS;
    },
    async note(pair) {
      const now = clock();
      if (now - (noted.get(pair) ?? Number.NEGATIVE_INFINITY) < DAY_MS) return;
      remember(noted, pair, now, MOST_REMEMBERED);
      try {
        await note({ pair, at: now });
      } catch (error) {
        // The failure is not passed on: the caller is authenticated all the same.
        noted.delete(pair);
        report(`Could not record a known address: ${String(error)}`);
      }
    },
  };
}

/** Deletes expired records. */
async function sweep(transaction: Transaction, now: number): Promise<void> {
  await transaction.run('DELETE FROM failed_attempt WHERE at <= ?', [now - DAY_MS]);
  await transaction.run('DELETE FROM known_address WHERE seen_at <= ?', [now - KNOWN_MS]);
}
