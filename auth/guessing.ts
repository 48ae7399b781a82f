/** Slows the guessing of credentials (https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1, last paragraph). */
import { isIPv4, isIPv6 } from 'node:net';
import type { Clock } from '../resources/clock.ts';
import { Failure } from '../resources/errors.ts';

const WINDOW_MS = 15 * 60_000;
const PER_ACCOUNT_AND_ADDRESS = 10;
const PER_ADDRESS = 100;
const MOST_COUNTERS = 50_000;

/** One credential that is being checked. Exactly one of its methods must be called once. */
export interface Attempt {
  failed(): void;
  /** The credential was right, or it was not compared after all: nothing is held against anyone. */
  released(): void;
}

export interface Guessing {
  /**
   * Admits an attempt before any hashing. The account is a name of the caller's choice; the address an IP address.
   * Rejects with a `throttled` Failure where there were too many failures; waits where the attempts under way
   * could still become too many, so that guessing in parallel gains nothing.
   */
  begin(account: string, address: string): Promise<Attempt>;
}

/** Counts failures in memory: 10 an account and address, 100 an address, in 15 minutes. */
export function createGuessing({ clock }: { clock: Clock }): Guessing {
  const counters = new Map<string, Counter>();

  function counter(key: string, limit: number): Counter {
    const known = counters.get(key);
    if (known) return known;
    if (counters.size >= MOST_COUNTERS) forget(counters, clock());
    const made = new Counter(limit);
    counters.set(key, made);
    return made;
  }

  return {
    async begin(account, address) {
      const network = networkOf(address);
      const pair = JSON.stringify([account, network]);
      for (;;) {
        // Looked up anew after each wait: an idle counter may have been forgotten meanwhile. The address comes
        // first, so that one that is refused cannot fill the memory with names.
        const ofAddress = counter(network, PER_ADDRESS);
        ofAddress.refuseWhenFull(clock());
        const ofPair = counter(pair, PER_ACCOUNT_AND_ADDRESS);
        ofPair.refuseWhenFull(clock());
        const both = [ofAddress, ofPair];
        const crowded = both.find((each) => each.isCrowded());
        if (!crowded) return enter(both, clock);
        await crowded.change();
      }
    },
  };
}

function enter(counters: Counter[], clock: Clock): Attempt {
  for (const each of counters) each.enter();
  return {
    failed: () => {
      for (const each of counters) each.leave(clock());
    },
    released: () => {
      for (const each of counters) each.leave();
    },
  };
}

/** The failures of a window and the attempts under way. */
class Counter {
  readonly #limit: number;
  #failures: number[] = [];
  #underway = 0;
  #waiting: (() => void)[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  refuseWhenFull(now: number): void {
    this.#failures = this.#failures.filter((at) => at > now - WINDOW_MS);
    const [oldest] = this.#failures;
    if (oldest === undefined || this.#failures.length < this.#limit) return;
    const retryAfter = Math.max(1, Math.ceil((oldest + WINDOW_MS - now) / 1000));
    throw new Failure('throttled', 'Too many failed attempts. Try again later.', { retryAfter });
  }

  isCrowded(): boolean {
    return this.#failures.length + this.#underway >= this.#limit;
  }

  enter(): void {
    this.#underway += 1;
  }

  leave(failedAt?: number): void {
    this.#underway -= 1;
    if (failedAt !== undefined) this.#failures.push(failedAt);
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resume of waiting) resume();
  }

  change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  isIdle(now: number): boolean {
    return this.#underway === 0 && this.#waiting.length === 0 && this.#failures.every((at) => at <= now - WINDOW_MS);
  }

  isBusy(): boolean {
    return this.#underway > 0 || this.#waiting.length > 0;
  }
}

/** Makes room: counters that say nothing any more go first, then the oldest tenth. */
function forget(counters: Map<string, Counter>, now: number): void {
  for (const [key, each] of counters) if (each.isIdle(now)) counters.delete(key);
  let surplus = counters.size - MOST_COUNTERS * 0.9;
  for (const [key, each] of counters) {
    if (surplus <= 0) break;
    if (each.isBusy()) continue;
    counters.delete(key);
    surplus -= 1;
  }
}

/** An IPv4 address as it is, an IPv6 address by its first 64 bits: one caller has all of them. */
export function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined && isIPv4(mapped)) return mapped;
  if (!isIPv6(address)) return address;
  const [left = [], right = []] = address.split('%', 1).join('').split('::').map(groupsOf);
  const zeros = '0'.repeat(Math.max(0, 8 - left.length - right.length)).split('');
  return `${[...left, ...zeros, ...right].slice(0, 4).join(':')}::/64`;
}

/** The groups of a part of an IPv6 address, each without leading zeros. */
function groupsOf(part: string): string[] {
  const groups = part === '' ? [] : part.split(':');
  return groups.map((group) => Number.parseInt(group, 16).toString(16));
}
