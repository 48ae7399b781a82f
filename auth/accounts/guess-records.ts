/** What guessing has left in the database: failures for a day, addresses that were right for a month. */
import type { Clock } from '../../resources/clock.ts';
import type { Engine, Transaction } from '../../resources/engine.ts';
import { endOfTurn } from '../../resources/pace/tick.ts';
import { remember } from '../../resources/remember.ts';
import { gathering } from './gathering.ts';

export const DAY_MS = 24 * 3600_000;
const KNOWN_MS = 30 * DAY_MS;
const SWEEP_MS = 3600_000;
const MOST_AT_ONCE = 1_000;
const MOST_REMEMBERED = 50_000;
/** The newest are enough to tell how long a lock is. */
const MOST_FAILURES = 1_000;

/** One wrong guess: of an account from an address, named together by a digest. */
export interface FailedAttempt {
  pair: string;
  network: string;
  /** Milliseconds since the epoch. */
  at: number;
}

export interface GuessRecords {
  /** When the guesses of the last day were wrong, the oldest first; those of a pair or of a whole network. */
  failures(of: 'pair' | 'network', subject: string): Promise<readonly number[]>;
  /** Stores a wrong guess; resolves once every node sees it. */
  fail(attempt: FailedAttempt): Promise<void>;
  /** True where the account proved itself from this address within the last month. */
  isKnown(pair: string): Promise<boolean>;
  /** Notes that it just did: once a day for each. */
  note(pair: string): Promise<void>;
}

export interface GuessRecordsOptions {
  engine: Engine;
  clock: Clock;
  /** Told what an operator should know. */
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
 * Keeps the records in the database. Where this process makes every write, what was read is remembered until a guess
 * fails; elsewhere it is read once a tick for all who ask. What comes together is one job of the write queue, so that a
 * flood of it does not crowd others out.
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
    // Whoever asks from here on must not be given what this query saw.
    remembered.delete(subject);
    return read(of, subject);
  }

  const fail = gathering<FailedAttempt>(MOST_AT_ONCE, async (attempts) => {
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

  const note = gathering<{ pair: string; at: number }>(MOST_AT_ONCE, (proven) =>
    engine.transact(async (transaction) => {
      // A row stays locked until the commit: nodes that note the same pairs take them in one order, and none waits for
      // another that waits for it.
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
        // Whoever proved who they are is let in all the same.
        noted.delete(pair);
        report(`That an address is known could not be noted: ${String(error)}`);
      }
    },
  };
}

/** Removes what says nothing any more. */
async function sweep(transaction: Transaction, now: number): Promise<void> {
  await transaction.run('DELETE FROM failed_attempt WHERE at <= ?', [now - DAY_MS]);
  await transaction.run('DELETE FROM known_address WHERE seen_at <= ?', [now - KNOWN_MS]);
}
