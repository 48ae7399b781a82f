import { BoundedQueue, type BoundedQueueOptions, type Waiter } from '../pace/bounded-queue.ts';
import type { Binding, Connection } from '../storage/connection.ts';

const SIZES = [1, 2, 4, 8, 16, 32, 64] as const;
const LARGEST = 64;

interface Lookup<Found> {
  keys: string[];
  waiting: Map<string, { resolve(found: Found | undefined): void; reject(error: unknown): void }[]>;
}

/** Returns a grouping of rows by a unique key. */
export function rowByKey<Row>(keyOf: (row: Row) => string): (rows: Row[]) => Map<string, Row> {
  return (rows) => new Map(rows.map((row) => [keyOf(row), row]));
}

/** Returns a grouping of rows by a key that several rows may share. */
export function rowsByKey<Row>(keyOf: (row: Row) => string): (rows: Row[]) => Map<string, Row[]> {
  return (rows) => {
    const found = new Map<string, Row[]>();
    for (const row of rows) {
      const key = keyOf(row);
      const others = found.get(key);
      if (others) others.push(row);
      else found.set(key, [row]);
    }
    return found;
  };
}

/**
 * Point reads in batches: the keys requested in one turn of the event loop become one prepared `… IN (?, …)`, or
 * several where they are many. The list is padded to a few sizes, so that few texts are prepared. Reads that wait too
 * long behind a running statement are refused with `busy`.
 */
export class BatchReader<Row, Found = Row> {
  readonly #connection: Connection;
  readonly #sql: (list: string) => string;
  readonly #fixed: readonly Binding[];
  readonly #found: (rows: Row[]) => Map<string, Found>;
  /** Holds the pending batch while it waits for the running one. */
  readonly #line: BoundedQueue<Waiter>;
  #pending: Lookup<Found> | undefined;
  #asking = false;

  /**
   * @param sql returns the query for a list of placeholders; it is bound to `fixed` first, then to the keys
   * @param found groups the rows by key
   * @param wait limits how long a batch may wait for the running one
   */
  constructor(
    connection: Connection,
    sql: (list: string) => string,
    found: (rows: Row[]) => Map<string, Found>,
    fixed: readonly Binding[] = [],
    wait: Partial<BoundedQueueOptions> = {},
  ) {
    this.#connection = connection;
    this.#sql = sql;
    this.#found = found;
    this.#fixed = fixed;
    this.#line = new BoundedQueue({ name: 'reads', ...wait });
  }

  /** Returns what this key finds, or undefined. */
  read(key: string): Promise<Found | undefined> {
    this.#pending ??= this.#begin();
    const { keys, waiting } = this.#pending;
    return new Promise((resolve, reject) => {
      const others = waiting.get(key);
      if (others) {
        others.push({ resolve, reject });
      } else {
        keys.push(key);
        waiting.set(key, [{ resolve, reject }]);
      }
    });
  }

  #begin(): Lookup<Found> {
    const lookup: Lookup<Found> = { keys: [], waiting: new Map() };
    if (this.#asking) this.#line.join({ reject: (error) => this.#refuse(lookup, error) });
    else setImmediate(() => this.#flush());
    return lookup;
  }

  /** Refuses a batch; the next read starts a new one. */
  #refuse(lookup: Lookup<Found>, error: unknown): void {
    this.#pending = undefined;
    for (const waiting of lookup.waiting.values()) for (const { reject } of waiting) reject(error);
  }

  /** Only one batch runs at a time; reads in the meantime form the next batch. */
  #flush(): void {
    const lookup = this.#pending;
    if (!lookup || this.#asking) return;
    this.#pending = undefined;
    this.#line.next();
    this.#asking = true;
    const parts: Promise<void>[] = [];
    for (let start = 0; start < lookup.keys.length; start += LARGEST) {
      parts.push(this.#answer(lookup, lookup.keys.slice(start, start + LARGEST)));
    }
    void Promise.all(parts).then(() => {
      this.#asking = false;
      this.#flush();
    });
  }

  async #answer(lookup: Lookup<Found>, keys: string[]): Promise<void> {
    try {
      const size = SIZES.find((candidate) => candidate >= keys.length) ?? LARGEST;
      const padded = Array.from({ length: size }, (_, place) => keys[place] ?? keys[0] ?? '');
      const list = padded.map(() => '?').join(', ');
      const rows = await this.#connection.all<Row>(this.#sql(list), [...this.#fixed, ...padded]);
      const found = this.#found(rows);
      for (const key of keys) {
        for (const { resolve } of lookup.waiting.get(key) ?? []) resolve(found.get(key));
      }
    } catch (error) {
      for (const key of keys) {
        for (const { reject } of lookup.waiting.get(key) ?? []) reject(error);
      }
    }
  }
}
