/** Throttles the guessing of credentials (https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1, last paragraph). */
import type { Clock } from '../../resources/clock.ts';
import { Failure } from '../../resources/errors.ts';
import { BoundedQueue } from '../../resources/pace/bounded-queue.ts';
import { digest } from '../tokens/mint.ts';
import type { Claimant } from './fair-queue.ts';
import { DAY_MS, type GuessRecords } from './guess-records.ts';
import { networkOf } from './network.ts';

const WINDOW_MS = 15 * 60_000;
const PER_ACCOUNT_AND_ADDRESS = 10;
const PER_ADDRESS = 100;
/** The most account-address pairs whose digest is cached. */
const MOST_PROVEN = 10_000;
/** A pair that is no account's: failures stored under it lock no account. */
const NOBODY = '';

/**
 * A check of one credential that is in progress. Exactly one of `failed`, `succeeded` and `released` must be called.
 */
export interface Attempt extends Claimant {
  /** The credential was wrong. Resolves once the failure counts on every node. */
  failed(): Promise<void>;
  /** The account authenticated, and is known from this address from now on. */
  succeeded(): Promise<void>;
  /** The credential was not compared after all: counts against nobody. */
  released(): void;
}

export interface Guessing {
  /**
   * Admits an attempt before any hashing. `account` is a name chosen by the caller. Rejects with a `throttled` Failure
   * after too many failures. Waits while the attempts in progress could still become too many, so that parallel
   * guessing gains nothing, and rejects with `busy` if that takes too long. Credentials that `cannot be guessed` count
   * against the address only: otherwise anyone could lock an account out by sending nonsense in its name.
   */
  begin(account: string, caller: Caller, credential?: 'can be guessed' | 'cannot be guessed'): Promise<Attempt>;
  /**
   * Admits a credential that is known to be right. It waits for no other attempt, and the account is known from this
   * address from now on. Rejects with a `throttled` Failure like `begin`.
   */
  pass(account: string, address: string): Promise<void>;
}

/** Where an attempt comes from. */
export interface Caller {
  /** An IP address. */
  address: string;
  /** When its request began to wait, in milliseconds of `elapsed`; default: now. */
  since?: number | undefined;
}

export interface GuessingOptions {
  clock: Clock;
  records: GuessRecords;
  /** A monotonic clock in milliseconds; default: `performance.now`. */
  elapsed?: (() => number) | undefined;
}

/**
 * Allows 10 failures per account and address, and 100 per address, in 15 minutes. Each further 10 or 100 failures
 * within a day double the time. An account that is known from an address is not locked out by guesses at other accounts
 * from there, and its own time there is not doubled.
 */
export function createGuessing({ clock, records, elapsed = () => performance.now() }: GuessingOptions): Guessing {
  const gates = new Map<string, Gate>();
  const provenSubjectsOf = rememberedSubjects();

  function take(subject: string): Gate {
    const gate = gates.get(subject) ?? new Gate(elapsed, () => gates.delete(subject));
    gates.set(subject, gate);
    gate.users += 1;
    return gate;
  }

  /** Returns the counts that an attempt must pass, that of the address first. */
  async function countsOf(pair: string, network: string): Promise<Count[]> {
    const [ofNetwork, ofPair] = [await records.failures('network', network), await records.failures('pair', pair)];
    const now = clock();
    const counts = [countOf(ofNetwork, PER_ADDRESS, now), countOf(ofPair, PER_ACCOUNT_AND_ADDRESS, now)];
    if (counts.every(({ lock }) => lock === 0) || !(await records.isKnown(pair))) return counts;
    return [countOf([], PER_ADDRESS, now), countOf(ofPair, PER_ACCOUNT_AND_ADDRESS, now, 1)];
  }

  async function refuseLocked(pair: string, network: string): Promise<Count[]> {
    const counts = await countsOf(pair, network);
    for (const { lock } of counts) if (lock > 0) throw throttled(lock);
    return counts;
  }

  /** Enters both gates once each has room. */
  async function admit(held: readonly Gate[], { pair, network }: Subjects, since: number): Promise<void> {
    let waitedAt: Gate | undefined;
    for (;;) {
      const failuresBefore = sum(held.map(({ failures }) => failures));
      const counts = await refuseLocked(pair, network);
      // A failure during the read may be missing from the counts.
      if (sum(held.map(({ failures }) => failures)) !== failuresBefore) continue;
      const crowded = held.find((gate, at) => gate.underway >= (counts[at]?.room ?? 0));
      if (!crowded) for (const gate of held) gate.underway += 1;
      // A woken attempt that leaves this gate's queue wakes the next one: there may be room for more than one.
      if (crowded !== waitedAt) waitedAt?.wakeNext();
      if (!crowded) return;
      waitedAt = crowded;
      await crowded.turn(since);
    }
  }

  return {
    async begin(account, { address, since = elapsed() }, credential = 'can be guessed') {
      const { network, pair } = subjectsOf(account, address);
      const guessed = credential === 'can be guessed' ? pair : NOBODY;
      const held = [take(network), take(pair)];
      try {
        await admit(held, { pair, network }, since);
      } catch (error) {
        for (const gate of held) gate.turnAway();
        throw error;
      }
      const leave = (failed: boolean) => {
        for (const gate of held) gate.leave(failed);
      };
      return {
        network,
        since,
        isKnown: () => records.isKnown(pair),
        failed: () => records.fail({ pair: guessed, network, at: clock() }).finally(() => leave(true)),
        succeeded: () => records.note(pair).finally(() => leave(false)),
        released: () => leave(false),
      };
    },
    async pass(account, address) {
      const { network, pair } = provenSubjectsOf(account, address);
      await refuseLocked(pair, network);
      await records.note(pair);
    },
  };
}

/** What failures count against. */
interface Subjects {
  network: string;
  /** A digest, because a password may have been typed as the name. */
  pair: string;
}

function subjectsOf(account: string, address: string): Subjects {
  const network = networkOf(address);
  return { network, pair: digest(JSON.stringify([account, network])) };
}

/** Returns `subjectsOf` with a cache, for proven accounts: otherwise each of their requests would compute a digest. */
function rememberedSubjects(): typeof subjectsOf {
  const memory = new Map<string, Subjects>();
  return (account, address) => {
    const named = `${address} ${account}`;
    const known = memory.get(named);
    if (known) return known;
    if (memory.size === MOST_PROVEN) memory.clear();
    const made = subjectsOf(account, address);
    memory.set(named, made);
    return made;
  };
}

/** The state of one limit at a moment. */
interface Count {
  /** Milliseconds until the next attempt; 0 if there is room for one. */
  lock: number;
  /** How many more attempts may fail. */
  room: number;
}

/**
 * Applies a limit to the failures of a day, oldest first. Each multiple of the limit doubles the time they count for.
 */
function countOf(times: readonly number[], limit: number, now: number, mostLocks = Number.POSITIVE_INFINITY): Count {
  const today = times.filter((at) => at > now - DAY_MS);
  const locks = Math.min(Math.max(1, Math.floor(today.length / limit)), mostLocks);
  const span = Math.min(WINDOW_MS * 2 ** (locks - 1), DAY_MS);
  const recent = today.filter((at) => at > now - span);
  const decisive = recent[recent.length - limit];
  return { lock: decisive === undefined ? 0 : decisive + span - now, room: limit - recent.length };
}

function throttled(lock: number): Failure {
  const retryAfter = Math.max(1, Math.ceil(lock / 1000));
  return new Failure('throttled', 'Too many failed attempts. Try again later.', { retryAfter });
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** Limits the concurrent attempts of this process on one account and address, or from one address. */
class Gate {
  /** Attempts that are in progress or waiting. While there are any, all of them share this gate. */
  users = 0;
  underway = 0;
  /** Attempts that have failed here. */
  failures = 0;
  readonly #close: () => void;
  readonly #waiting: BoundedQueue<{ resolve(): void; reject(error: unknown): void }>;

  constructor(elapsed: () => number, close: () => void) {
    this.#waiting = new BoundedQueue({ name: 'credentials', elapsed });
    this.#close = close;
  }

  leave(failed: boolean): void {
    this.underway -= 1;
    if (failed) this.failures += 1;
    this.turnAway();
  }

  /** Removes an attempt that has not entered. */
  turnAway(): void {
    this.wakeNext();
    this.users -= 1;
    if (this.users === 0) this.#close();
  }

  /** Resolves when an attempt has ended, the longest waiting first. Rejects with `busy` if that takes too long. */
  turn(since: number): Promise<void> {
    return new Promise((resolve, reject) => this.#waiting.join({ resolve, reject }, since));
  }

  wakeNext(): void {
    this.#waiting.next()?.resolve();
  }
}
