import type { Binding, Connection } from '../storage/connection.ts';

/** Maximum milliseconds that running queries may take to end: a pause that has not begun by then is given up. */
const LONGEST_DRAIN = 5000;
/** Maximum milliseconds that a pause lasts once it has begun. */
const LONGEST_PAUSE = 1000;
/** Milliseconds from the request of one pause to the next. */
const BETWEEN_PAUSES = 10_000;

/** A pause, from its request to its end. */
interface Pause {
  ended: Promise<void>;
  end(): void;
  /** Ends it after this many milliseconds, whatever limit it had before. */
  limit(milliseconds: number): void;
}

/** A connection whose queries pause for work that must not overlap any of them. */
export class PausingConnection implements Connection {
  readonly #connection: Connection;
  #running = 0;
  #pause: Pause | undefined;
  #requestedAt = Number.NEGATIVE_INFINITY;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  async all<Row>(sql: string, bindings?: readonly Binding[]): Promise<Row[]> {
    while (this.#pause) await this.#pause.ended;
    this.#running += 1;
    try {
      return await this.#connection.all<Row>(sql, bindings);
    } finally {
      this.#running -= 1;
      this.#drained();
    }
  }

  run(sql: string, bindings?: readonly Binding[]): Promise<number> {
    return this.#connection.run(sql, bindings);
  }

  /**
   * Requests a pause: later queries wait, and it begins when the running ones have ended. Returns a function that ends
   * it once it has begun, undefined until then: the caller asks again later, and never waits for a query.
   */
  pause(): (() => void) | undefined {
    const now = performance.now();
    if (!this.#pause && now - this.#requestedAt >= BETWEEN_PAUSES) {
      this.#requestedAt = now;
      this.#pause = this.#newPause();
    }
    return this.#running === 0 ? this.#pause?.end : undefined;
  }

  /** Ends the pause that was requested, and prevents later ones. */
  close(): void {
    this.#requestedAt = Number.POSITIVE_INFINITY;
    this.#pause?.end();
  }

  /** Begins the requested pause with the end of the last running query. */
  #drained(): void {
    if (this.#running === 0) this.#pause?.limit(LONGEST_PAUSE);
  }

  #newPause(): Pause {
    let end: () => void = () => undefined;
    const ended = new Promise<void>((resolve) => {
      end = () => {
        clearTimeout(timer);
        this.#pause = undefined;
        resolve();
      };
    });
    let timer = setTimeout(end, LONGEST_DRAIN);
    const limit = (milliseconds: number) => {
      clearTimeout(timer);
      timer = setTimeout(end, milliseconds);
    };
    return { ended, end, limit };
  }
}
