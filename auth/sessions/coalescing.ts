/** Shares one result among requests that were sent before any of them could see the other's response. */
export interface Coalescing<Result> {
  /** Runs a request from arrival to response, and passes it its arrival number. */
  during<Answer>(run: (arrival: number) => Promise<Answer>): Promise<Answer>;
  /**
   * Returns the result of `make`, or that of an earlier request with the same key that was still unanswered when this
   * one arrived.
   */
  share(key: string, arrival: number, make: () => Promise<Result>): Promise<Result>;
}

interface Shared<Result> {
  /** The arrival number of the request that makes the result. */
  maker: number;
  result: Promise<Result>;
  /** The last arrival before the maker was answered; undefined until then. */
  answered: number | undefined;
}

/**
 * Detects concurrent requests of this process by counting arrivals, not by time. A result is kept only while a request
 * that may share it is in progress.
 */
export function createCoalescing<Result>(): Coalescing<Result> {
  const shared = new Map<string, Shared<Result>>();
  // In order of arrival.
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
