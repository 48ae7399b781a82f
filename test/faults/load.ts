/** Writers that go on through every fault, and what the server said of each of their writes. */
import { expect } from 'chai';
import { asRoot, type TestServer } from '../harness/server.ts';
import { historyOf } from '../kill/inspection.ts';
import { SYSTEM } from '../kill/writers.ts';
import { until } from '../server/poll.ts';

/** One resource as its writer knows it: the values it sent, by what became of them. */
interface Told {
  id: string;
  stored: string[];
  /** Those of which the server said that nothing was stored. */
  absent: string[];
  /** Those of which it said nothing, or that it does not know. */
  open: string[];
}

/** Enough that a disk of some MiB is full before long. */
const PADDING = 'x'.repeat(2000);

export class Load {
  readonly #server: Pick<TestServer, 'request'>;
  readonly #told: Told[];
  readonly #running: Promise<unknown>;
  #stopping = false;

  constructor(server: Pick<TestServer, 'request'>, writers = 8) {
    this.#server = server;
    this.#told = Array.from({ length: writers }, (_, at) => ({ id: `f${at}`, stored: [], absent: [], open: [] }));
    this.#running = Promise.all(this.#told.map((told) => this.#write(told)));
    // What a writer throws is thrown by `stop`.
    this.#running.catch(() => undefined);
  }

  /** How many writes ended so, by all writers together. */
  count(of: 'stored' | 'absent' | 'open'): number {
    return this.#told.reduce((sum, told) => sum + told[of].length, 0);
  }

  /** Waits until every writer has stored more. */
  async goesOn(): Promise<void> {
    const before = this.#told.map(({ stored }) => stored.length);
    await until('all write', () => this.#told.every(({ stored }, at) => stored.length > (before[at] ?? 0)));
  }

  /** Lets each writer end the write it is at. Rejects where one was answered what no fault excuses. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#running;
  }

  /** What was answered is there in its order, what was refused is not, and of the rest nothing but what was sent. */
  async check(server: Pick<TestServer, 'request'> = this.#server): Promise<void> {
    for (const { id, stored, absent, open } of this.#told) {
      const values = await historyOf(server, id);
      expect(values.filter((value) => !open.includes(value), `history of ${id}`)).to.eql(stored);
      expect(values.filter((value) => absent.includes(value))).to.eql([]);
    }
  }

  async #write(told: Told): Promise<void> {
    for (let n = 1; !this.#stopping; n += 1) {
      const value = `${told.id}-${n}`;
      const json = { identifier: [{ system: SYSTEM, value }], name: [{ family: value }], text: narrative() };
      const reply = await this.#server
        .request('PUT', `/Patient/${told.id}`, { as: asRoot, json, timeout: 15_000 })
        .catch(() => undefined);
      if (reply === undefined) told.open.push(value);
      else if (reply.status < 300) told.stored.push(value);
      else {
        expect(reply.status, reply.text).to.equal(503);
        expect(Number(reply.header('retry-after'))).to.be.above(0);
        if (/may be|stored as a whole or not/.test(reply.text)) told.open.push(value);
        else told.absent.push(value);
        // As a client would, it lets the server breathe: an answer that comes at once would be asked for without end.
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  }
}

function narrative(): { status: string; div: string } {
  return { status: 'generated', div: `<div xmlns="http://www.w3.org/1999/xhtml">${PADDING}</div>` };
}
