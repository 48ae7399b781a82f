import type { RandomBytes } from '../clock.ts';
import type { Dialect } from '../dialects/dialect.ts';
import type { Change } from '../engine.ts';
import { oncePerTick } from '../pace/tick.ts';
import type { Connection } from './connection.ts';

/** The options of the engine that this class needs. */
interface GenerationOptions {
  dialect: Dialect;
  points: Connection;
  random: RandomBytes;
}

/** Random bytes in a generation: the most that both the database column and a JavaScript number can hold exactly. */
const BYTES = 6;

/**
 * A number that changes with every change of a type that governs access. If other processes write too, it is stored in
 * the database, drawn at random in the transaction of the change, and read once per tick for all callers. It is not a
 * counter there: after a failover that lost commits, the next change would reuse the number of a lost one, under which
 * other nodes may still cache the lost state.
 */
export class AccessGeneration {
  readonly #shared: boolean;
  readonly #connection: Connection;
  readonly #governs: (type: string) => boolean;
  readonly #random: RandomBytes;
  readonly #stored = oncePerTick(() => this.#read());
  #counted = 0;

  constructor({ dialect, points, random }: GenerationOptions, governs: (type: string) => boolean) {
    this.#shared = !dialect.exclusive;
    this.#connection = points;
    this.#random = random;
    this.#governs = governs;
  }

  current(): Promise<number> {
    return this.#shared ? this.#stored() : Promise.resolve(this.#counted);
  }

  async beforeCommit(connection: Connection, changes: Change[]): Promise<void> {
    if (this.#shared && changes.some(({ type }) => this.#governs(type))) {
      const value = this.#random(BYTES).readUIntBE(0, BYTES);
      await connection.run('UPDATE access_generation SET value = ?', [value]);
    }
  }

  afterCommit(changes: Change[]): void {
    if (changes.some(({ type }) => this.#governs(type))) this.#counted += 1;
  }

  async #read(): Promise<number> {
    const [row] = await this.#connection.all<{ value: number }>('SELECT value FROM access_generation');
    if (!row) throw new Error('The table access_generation is empty: the database is damaged.');
    return row.value;
  }
}
