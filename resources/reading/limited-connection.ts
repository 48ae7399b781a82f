import { BoundedQueue, type BoundedQueueOptions } from '../pace/bounded-queue.ts';
import type { Binding, Connection } from '../storage/connection.ts';
import { Merging, type Question } from './merging.ts';

interface Waiting extends Question {
  resolve(rows: unknown[]): void;
  reject(error: unknown): void;
}

/** How many waiting queries are considered for merging: only so many can overtake others. */
const LOOKED_AT = 64;

export interface LimitOptions extends Partial<BoundedQueueOptions> {
  /** If true, queries are never merged: not every database keeps the order of each in one statement. */
  alone?: boolean;
}

/**
 * A connection with a limit on concurrent queries. The others wait in a bounded queue that refuses with `busy`; without
 * it they would wait in the driver, without a bound. A query whose turn has come takes along waiting ones with the same
 * text.
 */
export class LimitedConnection implements Connection {
  readonly #connection: Connection;
  readonly #most: number;
  readonly #line: BoundedQueue<Waiting>;
  readonly #merging: Merging;
  readonly #alone: boolean;
  #running = 0;

  constructor(connection: Connection, most: number, { alone = false, ...wait }: LimitOptions = {}) {
    this.#connection = connection;
    this.#most = most;
    this.#line = new BoundedQueue({ name: 'searches', ...wait });
    this.#merging = new Merging(wait.elapsed);
    this.#alone = alone;
  }

  /** The number of waiting queries. */
  get waiting(): number {
    return this.#line.length;
  }

  all<Row>(sql: string, bindings: readonly Binding[] = []): Promise<Row[]> {
    return new Promise<unknown[]>((resolve, reject) => {
      const question = { sql, bindings, resolve, reject };
      if (this.#running < this.#most) void this.#take([question]);
      else this.#line.join(question);
    }) as Promise<Row[]>;
  }

  /** Not queued: connections that only read run no statements. */
  run(sql: string, bindings?: readonly Binding[]): Promise<number> {
    return this.#connection.run(sql, bindings);
  }

  async #take(questions: readonly Waiting[]): Promise<void> {
    this.#running += 1;
    await this.#answer(questions);
    this.#running -= 1;
    // The next query starts at once, so that no new one gets ahead of those that wait.
    const next = this.#line.next();
    if (next) void this.#take(this.#withOthers(next));
  }

  #withOthers(next: Waiting): readonly Waiting[] {
    if (this.#alone) return [next];
    const together = this.#merging.alike(next, this.#line.foremost(LOOKED_AT));
    this.#line.leave(together.slice(1));
    return together;
  }

  /** If a merged statement fails, each query runs again alone, so that one does not make the others fail. */
  async #answer(questions: readonly Waiting[]): Promise<void> {
    try {
      const answers = await this.#merging.ask(this.#connection, questions);
      for (const [place, { resolve }] of questions.entries()) resolve(answers[place] ?? []);
    } catch (error) {
      const [only] = questions;
      if (questions.length === 1) only?.reject(error);
      else for (const question of questions) await this.#answer([question]);
    }
  }
}
