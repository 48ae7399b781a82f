import type { Binding, Connection } from '../storage/connection.ts';

/** Milliseconds that a pause lasts at most. */
const LONGEST_PAUSE = 1000;
/** Milliseconds from the start of one pause to the next. */
const BETWEEN_PAUSES = 5000;

/** A connection whose queries pause if something must not overlap any of them. */
export class PausingConnection implements Connection {
  readonly #connection: Connection;
  readonly #running = new Set<Promise<unknown>>();
  #pause: Promise<void> | undefined;
  #pausedAt = Number.NEGATIVE_INFINITY;
  #yieldTurn: (() => void) | undefined;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  async all<Row>(sql: string, bindings?: readonly Binding[]): Promise<Row[]> {
    while (this.#pause) await this.#pause;
    const query = this.#connection.all<Row>(sql, bindings);
    this.#running.add(query);
    return query.finally(() => this.#running.delete(query));
  }

  run(sql: string, bindings?: readonly Binding[]): Promise<number> {
    return this.#connection.run(sql, bindings);
  }

  /**
   * Requests a pause: later queries wait, and it begins when those that run now have ended. From then on, returns a
   * function that ends the pause, otherwise undefined. So the caller asks again later, and never waits for a query.
   */
  pause(): (() => void) | undefined {
    const now = performance.now();
    if (!this.#pause && now - this.#pausedAt >= BETWEEN_PAUSES) {
      this.#pausedAt = now;
      this.#pause = Promise.allSettled(this.#running)
        .then(() => this.#ended())
        .finally(() => {
          this.#pause = undefined;
        });
    }
    return this.#yieldTurn;
  }

  /** Ends a pause. */
  close(): void {
    this.#yieldTurn?.();
  }

  /** Resolves when whoever requested the pause ends it, or does not ask again in time. */
  #ended(): Promise<void> {
    return new Promise((resolve) => {
      const yieldTurn = () => {
        clearTimeout(limit);
        this.#yieldTurn = undefined;
        resolve();
      };
      const limit = setTimeout(yieldTurn, LONGEST_PAUSE);
      this.#yieldTurn = yieldTurn;
    });
  }
}
