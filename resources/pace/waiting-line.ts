import { Failure } from '../errors.ts';

/**
 * Milliseconds that work may wait for its turn. With what it then takes, whoever asked is answered within two seconds,
 * and told so where it cannot be served.
 */
export const LONGEST_WAIT = 1500;

/** Whoever comes to a line is taken to wait so many times as long as the foremost has waited there so far. */
const LONGER = 1.5;

/** What counts of a wait elsewhere: with what the door lets pass that makes two seconds. */
const ELSEWHERE = 2 / 3;

/** What whoever waits too long is told. */
export function tooMany(name: string): Failure {
  return new Failure('busy', `Too many ${name} are waiting. Try again in a moment.`, { retryAfter: 1 });
}

/** What waits, and is told where it is not served. */
export interface Waiter {
  reject(error: unknown): void;
}

export interface WaitingLineOptions {
  /** What waits, as a refusal calls it: `writes`. */
  name: string;
  /** The longest wait in milliseconds; LONGEST_WAIT where it is not given. */
  longest?: number | undefined;
  /** Milliseconds of a clock that nobody sets; the process's own where it is not given. */
  elapsed?: (() => number) | undefined;
  /**
   * The part of the longest wait that may be over when somebody comes; two thirds where it is not given. What a request
   * did before, such as a search that takes long by itself, is no reason never to serve it.
   */
  elsewhere?: number;
}

/**
 * Work that waits for its turn, first come, first served, for a bounded time. What has waited too long is refused, and
 * what would is refused at once: both as `busy`, with nothing done. It is judged by the foremost, which tells how long
 * a turn takes to come, whatever each takes; so a line that moves again takes work again. What waits in several lines,
 * one after the other, brings along since when it waits: one bound holds for all of them then.
 */
export class WaitingLine<Work extends Waiter> {
  readonly #name: string;
  readonly #longest: number;
  readonly #elapsed: () => number;
  readonly #elsewhere: number;
  readonly #line: { work: Work; since: number; joined: number }[] = [];
  /** Runs out when the first of those that wait has waited too long. */
  #timer: { due: number; handle: NodeJS.Timeout } | undefined;

  constructor(options: WaitingLineOptions) {
    const { name, longest = LONGEST_WAIT, elapsed = () => performance.now(), elsewhere = ELSEWHERE } = options;
    this.#name = name;
    this.#longest = longest;
    this.#elsewhere = elsewhere * longest;
    this.#elapsed = elapsed;
  }

  /** How many wait. */
  get length(): number {
    return this.#line.length;
  }

  /**
   * Takes work into the line, behind all that has waited as long. Throws `busy` where it would wait too long.
   * @param since from when on the wait counts, by the clock of the line, where it was somewhere else before
   */
  join(work: Work, since?: number): void {
    const now = this.#elapsed();
    const from = Math.max(since ?? now, now - this.#elsewhere);
    const place = this.#line.findLastIndex((other) => other.since <= from) + 1;
    const [foremost] = this.#line;
    const ahead = place === 0 || !foremost ? 0 : now - foremost.joined;
    if (now - from + ahead * LONGER >= this.#longest) throw this.#refusal();
    // How long the line has not moved is told by those who were here before, too.
    const waiting = { work, since: from, joined: this.#line[place]?.joined ?? now };
    this.#line.splice(place, 0, waiting);
    this.#lookFor(waiting, now);
  }

  /** The foremost, whose turn it is; undefined where none waits. */
  next(): Work | undefined {
    return this.#line.shift()?.work;
  }

  /** So many whose turn comes next, who go on to wait. */
  foremost(count: number): Work[] {
    return this.#line.slice(0, count).map(({ work }) => work);
  }

  /** Takes some out of the line, whose turn has come with that of another. */
  leave(some: readonly Work[]): void {
    for (const work of some) {
      const place = this.#line.findIndex((each) => each.work === work);
      if (place >= 0) this.#line.splice(place, 1);
    }
  }

  /** All that wait, who then wait no more. */
  takeAll(): Work[] {
    return this.#line.splice(0).map(({ work }) => work);
  }

  #refusal(): Failure {
    return tooMany(this.#name);
  }

  /** One timer for all that wait: it is set again for the foremost, as long as there is one. */
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
