import type { Metric, Sample } from './exposition.ts';
import { one } from './process.ts';

/** Upper bounds in seconds. */
const BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10] as const;
/** A caller can send any method; unknown ones share one counter, so that their number stays bounded. */
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;
const OTHER = 'other';
/** The number of status classes: the first digit of a status is the index, from `1xx` to `5xx`. */
const CLASSES = 6;

/** Counts requests and their durations. A request costs one lookup and a few additions. */
export class RequestMetrics {
  readonly #byMethod = new Map([...METHODS, OTHER].map((method) => [method as string, new Float64Array(CLASSES)]));
  readonly #none = new Float64Array(CLASSES);
  /** Requests per bucket; the last is for durations above all bounds. */
  readonly #between = new Float64Array(BOUNDS.length + 1);
  #seconds = 0;
  #inFlight = 0;

  /** Counts a request as in flight. */
  begin(): void {
    this.#inFlight += 1;
  }

  /** Counts a request that was in flight as answered. */
  end(method: string, status: number, milliseconds: number): void {
    this.#inFlight -= 1;
    this.count(method, status, milliseconds);
  }

  /** Counts an answered request; the duration is in milliseconds. */
  count(method: string, status: number, milliseconds: number): void {
    const classes = this.#byMethod.get(method) ?? this.#byMethod.get(OTHER) ?? this.#none;
    increment(classes, Math.trunc(status / 100));
    const seconds = milliseconds / 1000;
    let place = 0;
    while (place < BOUNDS.length && seconds > (BOUNDS[place] ?? 0)) place += 1;
    increment(this.#between, place);
    this.#seconds += seconds;
  }

  /** Counts a request that could not be parsed: its method and start time are unknown. */
  countUnparsable(status: number): void {
    increment(this.#byMethod.get(OTHER) ?? this.#none, Math.trunc(status / 100));
  }

  metrics(): Metric[] {
    const name = 'ward_http_request';
    return [
      { name: `${name}s_total`, type: 'counter', help: 'Completed requests.', samples: this.#counts() },
      one(`${name}s_in_flight`, 'gauge', 'Requests in progress.', this.#inFlight),
      {
        name: `${name}_duration_seconds`,
        type: 'histogram',
        help: 'Seconds from the request head to the response.',
        samples: this.#durations(),
      },
    ];
  }

  #counts(): Sample[] {
    return [...this.#byMethod].flatMap(([method, classes]) =>
      [...classes].flatMap((value, digit) => (value > 0 ? [{ labels: { method, status: `${digit}xx` }, value }] : [])),
    );
  }

  #durations(): Sample[] {
    let below = 0;
    const buckets = [...this.#between].map((count, place) => {
      below += count;
      return { suffix: '_bucket', labels: { le: String(BOUNDS[place] ?? '+Inf') }, value: below };
    });
    return [...buckets, { suffix: '_sum', value: this.#seconds }, { suffix: '_count', value: below }];
  }
}

function increment(counts: Float64Array, place: number): void {
  counts[place] = (counts[place] ?? 0) + 1;
}
