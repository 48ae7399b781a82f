import { Failure } from '../../resources/errors.ts';
import { LONGEST_WAIT } from '../../resources/pace/bounded-queue.ts';

/** Whose turn it is. */
export interface Claimant {
  /** The network of the request: its callers share one place. */
  network: string;
  /** Resolves to true if the account has recently authenticated from there. */
  isKnown(): Promise<boolean>;
  /** When the request began to wait, in milliseconds of `elapsed`; default: now. */
  since?: number | undefined;
}

/** A claimant, with `isKnown` already resolved. */
type Place = Pick<Claimant, 'network' | 'since'> & { isKnown: boolean };

interface Waiting {
  network: string;
  since: number;
  start(): void;
  refuse(error: Failure): void;
}

/**
 * Runs one task at a time, round-robin over the networks that wait; requests for known accounts come first. When
 * `longest` are waiting, a request for a known account displaces one for another account. Otherwise the newest request
 * of the network with the most is displaced by one from a network with fewer, so that a flood from few addresses only
 * blocks itself. Rejects with a `busy` Failure if there is no place or the turn comes too late.
 */
export class FairQueue {
  readonly #longest: number;
  readonly #elapsed: () => number;
  readonly #known = new Line();
  readonly #others = new Line();
  #isTaken = false;

  /** @param elapsed a monotonic clock in milliseconds */
  constructor(longest: number, elapsed: () => number) {
    this.#longest = longest;
    this.#elapsed = elapsed;
  }

  /** Runs the work when its turn comes, and resolves to its result. */
  take<Result>(work: () => Promise<Result>, { network, isKnown, since = this.#elapsed() }: Place) {
    return new Promise<Result>((resolve, refuse) => {
      const start = () => {
        this.#isTaken = true;
        work()
          .then(resolve, refuse)
          .finally(() => this.#next());
      };
      if (this.#isTaken) this.#wait({ network, since, start, refuse }, isKnown ? this.#known : this.#others);
      else start();
    });
  }

  #next(): void {
    this.#isTaken = false;
    let next = this.#known.next() ?? this.#others.next();
    while (next && this.#elapsed() - next.since >= LONGEST_WAIT) {
      next.refuse(busy());
      next = this.#known.next() ?? this.#others.next();
    }
    next?.start();
  }

  #wait(waiting: Waiting, line: Line): void {
    if (this.#known.size + this.#others.size >= this.#longest) {
      const isPreferred = line === this.#known && this.#others.size > 0;
      const displaced = isPreferred ? this.#others.displace(-1) : line.displace(line.countOf(waiting.network) + 1);
      (displaced ?? waiting).refuse(busy());
      if (!displaced) return;
    }
    line.add(waiting);
  }
}

/** A round-robin queue: waiting tasks by network, the next network first. */
class Line {
  readonly #networks = new Map<string, Waiting[]>();
  size = 0;

  countOf(network: string): number {
    return this.#networks.get(network)?.length ?? 0;
  }

  add(waiting: Waiting): void {
    const beside = this.#networks.get(waiting.network);
    if (beside) beside.push(waiting);
    else this.#networks.set(waiting.network, [waiting]);
    this.size += 1;
  }

  /** Removes and returns the next task. Its network moves to the end. */
  next(): Waiting | undefined {
    for (const [network, [first, ...rest]] of this.#networks) {
      this.#networks.delete(network);
      if (rest.length > 0) this.#networks.set(network, rest);
      this.size -= 1;
      return first;
    }
    return undefined;
  }

  /** Removes and returns the newest task of the largest network, if that has more than `moreThan`. */
  displace(moreThan: number): Waiting | undefined {
    let most: Waiting[] = [];
    for (const each of this.#networks.values()) if (each.length > most.length) most = each;
    if (most.length <= moreThan) return undefined;
    const displaced = most.pop();
    if (displaced && most.length === 0) this.#networks.delete(displaced.network);
    if (displaced) this.size -= 1;
    return displaced;
  }
}

function busy(): Failure {
  return new Failure('busy', 'Too many credentials are being checked. Try again in a moment.', { retryAfter: 2 });
}
