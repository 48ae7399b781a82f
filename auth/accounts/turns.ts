import { Failure } from '../../resources/errors.ts';
import { LONGEST_WAIT } from '../../resources/pace/waiting-line.ts';

/** For whom something is done in turn. */
export interface Claimant {
  /** Where the request comes from: callers of one network share its place. */
  network: string;
  /** True where the account that is claimed proved itself from there lately. */
  isKnown(): Promise<boolean>;
  /** Since when the request has waited, in milliseconds of `elapsed`; from now on where it has not yet. */
  since?: number | undefined;
}

/** How something waits for its turn. */
type Place = Pick<Claimant, 'network' | 'since'> & { isKnown: boolean };

interface Waiting {
  network: string;
  since: number;
  start(): void;
  refuse(error: Failure): void;
}

/**
 * Does one thing at a time, for the networks that wait one after the other: those who ask for a known account come
 * first. Of `longest` that wait, the newest of the network with the most gives way to one with fewer, so that a flood
 * from few addresses keeps out itself alone. Rejects with a `busy` Failure whoever has no place, and whose turn comes
 * too late.
 */
export class Turns {
  readonly #longest: number;
  readonly #elapsed: () => number;
  readonly #known = new Line();
  readonly #others = new Line();
  #isTaken = false;

  /** @param elapsed milliseconds of a clock that nobody sets */
  constructor(longest: number, elapsed: () => number) {
    this.#longest = longest;
    this.#elapsed = elapsed;
  }

  /** The result of the work, once its turn has come. */
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

/** Those who wait, by network: the first network is the next one's turn. */
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

  /** Takes out the one whose turn it is; its network is the last one then. */
  next(): Waiting | undefined {
    for (const [network, [first, ...rest]] of this.#networks) {
      this.#networks.delete(network);
      if (rest.length > 0) this.#networks.set(network, rest);
      this.size -= 1;
      return first;
    }
    return undefined;
  }

  /** Takes out the newest of the network with the most, where it has more than so many. */
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
