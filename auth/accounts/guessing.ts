/** Slows the guessing of credentials (https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1, last paragraph). */
import type { Clock } from '../../resources/clock.ts';
import { Failure } from '../../resources/errors.ts';
import { WaitingLine } from '../../resources/pace/waiting-line.ts';
import { digest } from '../tokens/mint.ts';
import { DAY_MS, type GuessRecords } from './guess-records.ts';
import { networkOf } from './network.ts';
import type { Claimant } from './turns.ts';

const WINDOW_MS = 15 * 60_000;
const PER_ACCOUNT_AND_ADDRESS = 10;
const PER_ADDRESS = 100;
/** Accounts and addresses that are remembered. */
const MOST_PROVEN = 10_000;
/** No account: what is stored under it locks nobody. */
const NOBODY = '';

/** One credential that is being checked. `failed`, `succeeded` or `released` must be called, and once. */
export interface Attempt extends Claimant {
  /** The credential was wrong; resolves once that counts on every node. */
  failed(): Promise<void>;
  /** The account proved itself, and is known from this address from now on. */
  succeeded(): Promise<void>;
  /** The credential was not compared after all: nothing is held against anyone. */
  released(): void;
}

export interface Guessing {
  /**
   * Admits an attempt before any hashing. The account is a name of the caller's choice.
   * Rejects with a `throttled` Failure where there were too many failures; waits where the attempts under way
   * could still become too many, so that guessing in parallel gains nothing, and rejects with `busy` where that takes
   * too long. What `cannot be guessed` is held against the address alone: else whoever sends nonsense in the name of an
   * account would lock it out, and protect nothing.
   */
  begin(account: string, caller: Caller, credential?: 'can be guessed' | 'cannot be guessed'): Promise<Attempt>;
  /**
   * Admits a credential that is known to be right: it takes nobody's place, and the account is known from this address
   * from now on. Rejects with a `throttled` Failure, as `begin` does.
   */
  pass(account: string, address: string): Promise<void>;
}

/** Where an attempt comes from. */
export interface Caller {
  /** An IP address. */
  address: string;
  /** Since when its request waits, in milliseconds of `elapsed`; from now on where it has not yet. */
  since?: number | undefined;
}

export interface GuessingOptions {
  clock: Clock;
  records: GuessRecords;
  /** Milliseconds of a clock that nobody sets; the process's own where it is not given. */
  elapsed?: (() => number) | undefined;
}

/**
 * Admits 10 failures an account and address, and 100 an address, in 15 minutes; within a day each further such number
 * doubles the time. Where an account is known from an address, the guesses at others there do not lock it out.
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

  /** The counts that an attempt has to pass, the address first. */
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

  /** Enters both gates once neither can become too full. */
  async function admit(held: readonly Gate[], { pair, network }: Subjects, since: number): Promise<void> {
    let waitedAt: Gate | undefined;
    for (;;) {
      const failuresBefore = sum(held.map(({ failures }) => failures));
      const counts = await refuseLocked(pair, network);
      // What failed while the counts were read is maybe not among them.
      if (sum(held.map(({ failures }) => failures)) !== failuresBefore) continue;
      const crowded = held.find((gate, at) => gate.underway >= (counts[at]?.room ?? 0));
      if (!crowded) for (const gate of held) gate.underway += 1;
      // Whoever is woken and does not go on waiting there wakes the next: there may be room for more than one.
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

/** What failures count for. */
interface Subjects {
  network: string;
  /** A digest: what is typed for a name may be a password. */
  pair: string;
}

function subjectsOf(account: string, address: string): Subjects {
  const network = networkOf(address);
  return { network, pair: digest(JSON.stringify([account, network])) };
}

/** The same of accounts that are proven, remembered: else each of their requests costs a digest. */
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

/** How failures count at a moment. */
interface Count {
  /** Milliseconds until the next attempt; 0 where there is room for one. */
  lock: number;
  /** How many more may fail. */
  room: number;
}

/** Counts the failures of a day, given the oldest first. Each full number of them doubles the time that they count. */
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

/** Where the attempts of this process on one account and address, or from one address, pass. */
class Gate {
  /** Attempts that are under way or want to be: while there are any, all of them know the same gate. */
  users = 0;
  underway = 0;
  /** Attempts that have failed here. */
  failures = 0;
  readonly #close: () => void;
  readonly #waiting: WaitingLine<{ resolve(): void; reject(error: unknown): void }>;

  constructor(elapsed: () => number, close: () => void) {
    this.#waiting = new WaitingLine({ name: 'credentials', elapsed });
    this.#close = close;
  }

  leave(failed: boolean): void {
    this.underway -= 1;
    if (failed) this.failures += 1;
    this.turnAway();
  }

  /** Ends what has not entered. */
  turnAway(): void {
    this.wakeNext();
    this.users -= 1;
    if (this.users === 0) this.#close();
  }

  /** Resolves when an attempt has ended, for who waits longest; rejects with `busy` where none does in time. */
  turn(since: number): Promise<void> {
    return new Promise((resolve, reject) => this.#waiting.join({ resolve, reject }, since));
  }

  wakeNext(): void {
    this.#waiting.next()?.resolve();
  }
}
