import type { Binding, Connection } from './connection.ts';
import { WaitingLine, type WaitingLineOptions } from './waiting-line.ts';

/**
 * A connection that is asked so much at a time and no more; what else is asked waits in a line, which refuses with
 * `busy` what would wait too long. Without it the wait would be in the driver, where nothing bounds it.
 */
export class TurnConnection implements Connection {
  readonly #connection: Connection;
  readonly #most: number;
  readonly #line: WaitingLine<{ begin(): void; reject(error: unknown): void }>;
  #running = 0;

  constructor(connection: Connection, most: number, wait: Partial<WaitingLineOptions> = {}) {
    this.#connection = connection;
    this.#most = most;
    this.#line = new WaitingLine({ name: 'searches', ...wait });
  }

  /** How many queries wait for their turn. */
  get waiting(): number {
    return this.#line.length;
  }

  all<Row>(sql: string, bindings?: readonly Binding[]): Promise<Row[]> {
    return this.#inTurn(() => this.#connection.all<Row>(sql, bindings));
  }

  run(sql: string, bindings?: readonly Binding[]): Promise<number> {
    return this.#inTurn(() => this.#connection.run(sql, bindings));
  }

  #inTurn<Result>(ask: () => Promise<Result>): Promise<Result> {
    if (this.#running < this.#most) return this.#ask(ask);
    return new Promise((resolve, reject) => {
      this.#line.join({ begin: () => resolve(this.#ask(ask)), reject });
    });
  }

  async #ask<Result>(ask: () => Promise<Result>): Promise<Result> {
    this.#running += 1;
    try {
      return await ask();
    } finally {
      this.#running -= 1;
      // Whoever comes next begins at once: nobody who asks meanwhile comes before those that wait.
      this.#line.next()?.begin();
    }
  }
}
