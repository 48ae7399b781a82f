/** What callers do over and over while something fails, each thing by itself, and what has to be so afterwards. */
import { until } from '../server/poll.ts';
import type { Served } from './ask.ts';
import { Batches, Transactions } from './bundle-deeds.ts';
import { CodeExchanges } from './code-deeds.ts';
import { PASSWORD, put, Refreshes, Revocations } from './token-deeds.ts';
import { ConditionalCreates, ConditionalUpdates, Deletions, MatchedUpdates } from './write-deeds.ts';

export interface Deed {
  /** Makes what it needs beside the User ann, before anything fails. */
  begin?(): Promise<void>;
  /** Does it once more, and notes what was said. Rejects where something was said that no fault excuses. */
  step(at: number): Promise<void>;
  /** Rejects where what is there is not what was said. */
  check(): Promise<void>;
}

const PATIENCE = 20_000;

export class Deeds {
  readonly #server: Served;
  readonly #deeds: readonly Deed[];
  readonly #steps: number[];
  #running: Promise<unknown> = Promise.resolve();
  #stopping = false;

  constructor(server: Served) {
    this.#server = server;
    this.#deeds = [
      new Transactions(server),
      new Batches(server),
      new Deletions(server),
      new ConditionalCreates(server),
      new ConditionalUpdates(server),
      new MatchedUpdates(server),
      new Revocations(server),
      new Refreshes(server, 'public'),
      new Refreshes(server, 'confidential'),
      new CodeExchanges(server),
    ];
    this.#steps = this.#deeds.map(() => 0);
  }

  async begin(): Promise<void> {
    await put(this.#server, '/User/ann', { password: PASSWORD });
    await Promise.all(this.#deeds.map((deed) => deed.begin?.()));
    this.#running = Promise.all(this.#deeds.map((deed, place) => this.#go(deed, place)));
    // What one throws is thrown by `stop`.
    this.#running.catch(() => undefined);
  }

  /** Waits until each has been done twice more: once may have been done before. */
  async doneTwiceMore(): Promise<void> {
    const before = [...this.#steps];
    const goesOn = () => this.#stopping || this.#steps.every((count, place) => count >= (before[place] ?? 0) + 2);
    await until(`all are done: ${this.#steps.join(' ')}`, goesOn, PATIENCE);
  }

  /** Lets each come to an end. Rejects where something was said that no fault excuses. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#running;
  }

  async check(): Promise<void> {
    for (const deed of this.#deeds) await deed.check();
  }

  async #go(deed: Deed, place: number): Promise<void> {
    try {
      for (let at = 0; !this.#stopping; at += 1) {
        await deed.step(at);
        this.#steps[place] = at + 1;
      }
    } finally {
      // One that has failed is not waited for.
      this.#stopping = true;
    }
  }
}
