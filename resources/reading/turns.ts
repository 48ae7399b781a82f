import { WaitingLine, type WaitingLineOptions } from '../pace/waiting-line.ts';
import type { Binding, Connection } from '../storage/connection.ts';
import { Merging, type Question } from './merging.ts';

interface Waiting extends Question {
  resolve(rows: unknown[]): void;
  reject(error: unknown): void;
}

/** So many of those that wait are looked at for some that are alike: nobody is overtaken by more. */
const LOOKED_AT = 64;

/**
 * A connection that is asked so much at a time and no more; what else is asked waits in a line, which refuses with
 * `busy` what would wait too long. Without it the wait would be in the driver, where nothing bounds it. Whoever's turn
 * it is takes along those that wait to ask the same of other values.
 */
export class TurnConnection implements Connection {
  readonly #connection: Connection;
  readonly #most: number;
  readonly #line: WaitingLine<Waiting>;
  readonly #merging: Merging;
  #running = 0;

  constructor(connection: Connection, most: number, wait: Partial<WaitingLineOptions> = {}) {
    this.#connection = connection;
    this.#most = most;
    this.#line = new WaitingLine({ name: 'searches', ...wait });
    this.#merging = new Merging(wait.elapsed);
  }

  /** How many queries wait for their turn. */
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

  /** Not in turn: what only reads has nothing to run. */
  run(sql: string, bindings?: readonly Binding[]): Promise<number> {
    return this.#connection.run(sql, bindings);
  }

  async #take(questions: readonly Waiting[]): Promise<void> {
    this.#running += 1;
    await this.#answer(questions);
    this.#running -= 1;
    // Whoever comes next begins at once: nobody who asks meanwhile comes before those that wait.
    const next = this.#line.next();
    if (next) void this.#take(this.#withOthers(next));
  }

  #withOthers(next: Waiting): readonly Waiting[] {
    const together = this.#merging.alike(next, this.#line.foremost(LOOKED_AT));
    this.#line.leave(together.slice(1));
    return together;
  }

  /** Where one of several has made the statement fail, the others are not to suffer: each is asked by itself then. */
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
