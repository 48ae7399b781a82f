/** Requests that were sent before the answer to another one could be read. */
export interface Simultaneous<Result> {
  /** Runs a request from its arrival to its answer; its number tells when it came. */
  during<Answer>(run: (arrival: number) => Promise<Answer>): Promise<Answer>;
  /** What `make` gives, or what it gave to a request with this key that was not yet answered when this one came. */
  share(key: string, arrival: number, make: () => Promise<Result>): Promise<Result>;
}

interface Shared<Result> {
  /** The arrival of the request that makes it. */
  maker: number;
  result: Promise<Result>;
  /** The last arrival before the maker was answered; undefined while it is not. */
  answered: number | undefined;
}

/**
 * Tells by counting, not by waiting, which requests of this process are simultaneous. A result is kept only for as
 * long as a request that may share it is under way.
 */
export function createSimultaneous<Result>(): Simultaneous<Result> {
  const shared = new Map<string, Shared<Result>>();
  // In the order of arrival.
  const underWay = new Set<number>();
  let arrivals = 0;

  function leave(arrival: number): void {
    underWay.delete(arrival);
    const [oldest = Number.POSITIVE_INFINITY] = underWay;
    for (const [key, entry] of shared) {
      if (entry.maker === arrival) entry.answered = arrivals;
      if (entry.answered !== undefined && entry.answered < oldest) shared.delete(key);
    }
  }

  return {
    async during(run) {
      arrivals += 1;
      const arrival = arrivals;
      underWay.add(arrival);
      try {
        return await run(arrival);
      } finally {
        leave(arrival);
      }
    },
    share(key, arrival, make) {
      const known = shared.get(key);
      if (known && arrival <= (known.answered ?? arrival)) return known.result;
      const result = make();
      shared.set(key, { maker: arrival, result, answered: undefined });
      return result;
    },
  };
}
