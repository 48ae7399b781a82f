import type { Connection } from './connection.ts';
import type { Dialect } from './dialects/dialect.ts';
import type { Change } from './engine.ts';
import { oncePerTick } from './tick.ts';

/**
 * A number that grows with every change of a type that governs access. Where other processes write too it lives
 * in the database, is raised in the transaction of the change, and is read once a tick for all who ask.
 */
export class AccessGeneration {
  readonly #shared: boolean;
  readonly #connection: Connection;
  readonly #governs: (type: string) => boolean;
  readonly #stored = oncePerTick(() => this.#read());
  #counted = 0;

  constructor(dialect: Dialect, connection: Connection, governs: (type: string) => boolean) {
    this.#shared = !dialect.exclusive;
    this.#connection = connection;
    this.#governs = governs;
  }

  current(): Promise<number> {
    return this.#shared ? this.#stored() : Promise.resolve(this.#counted);
  }

  async beforeCommit(connection: Connection, changes: Change[]): Promise<void> {
    if (this.#shared && changes.some(({ type }) => this.#governs(type))) {
      await connection.run('UPDATE access_generation SET value = value + 1');
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
