import type { RandomBytes } from '../clock.ts';
import type { Dialect } from '../dialects/dialect.ts';
import type { Change } from '../engine.ts';
import { oncePerTick } from '../pace/tick.ts';
import type { Connection } from './connection.ts';

/** What it needs of the engine's own. */
interface GenerationOptions {
  dialect: Dialect;
  points: Connection;
  random: RandomBytes;
}

/** What it is drawn by: a column of the database and a number of JavaScript hold it. */
const BYTES = 6;

/**
 * A number that is another after every change of a type that governs access. Where other processes write too it lives
 * in the database, is drawn in the transaction of the change, and is read once a tick for all who ask. It is not
 * counted there: after a failover that lost commits, the next change would give the number of one that was lost, by
 * which others remember what is not so.
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
