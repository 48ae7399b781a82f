import { Failure } from '../errors.ts';

/**
 * Maximum wait in a queue, in milliseconds: with the work that follows, the caller has a response within two seconds,
 * even if it is a refusal.
 */
export const LONGEST_WAIT = 1500;

/** A new entry is expected to wait this many times as long as the first entry has waited so far. */
const LONGER = 1.5;

/** The share of the maximum that waits elsewhere may use up; with the admission queue, this adds up to two seconds. */
const ELSEWHERE = 2 / 3;

/** Returns the `busy` Failure for a wait that is too long. */
export function tooMany(name: string): Failure {
  return new Failure('busy', `Too many ${name} are waiting. Try again in a moment.`, { retryAfter: 1 });
}

/** An entry of a queue; `reject` is called if it is refused. */
export interface Waiter {
  reject(error: unknown): void;
}

export interface BoundedQueueOptions {
  /** What waits, as named in a refusal: `writes`. */
  name: string;
  /** Maximum wait in milliseconds; default LONGEST_WAIT. */
  longest?: number | undefined;
  /** A monotonic clock in milliseconds; default `performance.now`. */
  elapsed?: (() => number) | undefined;
  /**
   * The largest share of the maximum wait that an earlier wait can use up; default two thirds. Otherwise a request that
   * was slow before, for example by a long search, would never be served.
   */
  elsewhere?: number;
}

/**
 * A FIFO queue with bounded waits. An entry that has waited too long is rejected with `busy`; an entry that is expected
 * to wait too long is refused at once. The estimate is the wait of the first entry, which measures the throughput
 * whatever each job costs; as soon as the queue moves again, it accepts again. Work that passes several queues brings
 * along when it began to wait, so that one bound covers them all.
 */
export class BoundedQueue<Work extends Waiter> {
  readonly #name: string;
  readonly #longest: number;
  readonly #elapsed: () => number;
  readonly #elsewhere: number;
  readonly #line: { work: Work; since: number; joined: number }[] = [];
  /** Fires when the first entry has waited too long. */
  #timer: { due: number; handle: NodeJS.Timeout } | undefined;

  constructor(options: BoundedQueueOptions) {
    const { name, longest = LONGEST_WAIT, elapsed = () => performance.now(), elsewhere = ELSEWHERE } = options;
    this.#name = name;
    this.#longest = longest;
    this.#elsewhere = elsewhere * longest;
    this.#elapsed = elapsed;
  }

  /** The number of entries. */
  get length(): number {
    return this.#line.length;
  }

  /**
   * Adds an entry behind all that have waited at least as long. Throws `busy` if it would wait too long.
   * @param since time of the queue's clock from which the wait counts, if it began elsewhere
   */
  join(work: Work, since?: number): void {
    const now = this.#elapsed();
    const from = Math.max(since ?? now, now - this.#elsewhere);
    const place = this.#line.findLastIndex((other) => other.since <= from) + 1;
    const [foremost] = this.#line;
    const ahead = place === 0 || !foremost ? 0 : now - foremost.joined;
    if (now - from + ahead * LONGER >= this.#longest) throw this.#refusal();
    // An entry that goes ahead of others also inherits how long the queue has not moved.
    const waiting = { work, since: from, joined: this.#line[place]?.joined ?? now };
    this.#line.splice(place, 0, waiting);
    this.#lookFor(waiting, now);
  }

  /** Removes and returns the first entry; undefined if the queue is empty. */
  next(): Work | undefined {
    return this.#line.shift()?.work;
  }

  /** Returns up to `count` first entries without removing them. */
  foremost(count: number): Work[] {
    return this.#line.slice(0, count).map(({ work }) => work);
  }

  /** Removes entries that are served together with another. */
  leave(some: readonly Work[]): void {
    for (const work of some) {
      const place = this.#line.findIndex((each) => each.work === work);
      if (place >= 0) this.#line.splice(place, 1);
    }
  }

  /** Removes and returns all entries. */
  takeAll(): Work[] {
    return this.#line.splice(0).map(({ work }) => work);
  }

  #refusal(): Failure {
    return tooMany(this.#name);
  }

  /** Keeps one timer for all entries, set for the first one. */
  #lookFor({ since }: { since: number }, now: number): void {
    const due = since + this.#longest;
    if (this.#timer && this.#timer.due <= due) return;
    clearTimeout(this.#timer?.handle);
    this.#timer = { due, handle: setTimeout(() => this.#look(), due - now).unref() };
  }

  #look(): void {
    const now = this.#elapsed();
    this.#timer = undefined;
    while (this.#line[0] && now - this.#line[0].since >= this.#longest) this.next()?.reject(this.#refusal());
    const [foremost] = this.#line;
    if (foremost) this.#lookFor(foremost, now);
  }
}
