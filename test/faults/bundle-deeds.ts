import { expect } from 'chai';
import { asRoot } from '../harness/server.ts';
import { entry } from '../interactions/bundles.ts';
import { historyOf } from '../kill/inspection.ts';
import { SYSTEM } from '../kill/writers.ts';
import { ask, isInDoubt, type Said, type Served } from './ask.ts';
import type { Deed } from './deeds.ts';

/** A Patient that is known by a value. */
export function patient(value: string, id?: string): object {
  return { resourceType: 'Patient', ...(id === undefined ? {} : { id }), identifier: [{ system: SYSTEM, value }] };
}

/** The status of the current version of a Patient. */
export async function statusOf(server: Served, id: string): Promise<number> {
  return (await server.request('GET', `/Patient/${id}`, { as: asRoot })).status;
}

function bundle(type: 'batch' | 'transaction', entries: unknown[]): { as: typeof asRoot; json: object } {
  return { as: asRoot, json: { resourceType: 'Bundle', type, entry: entries } };
}

/** Each makes one Patient, changes one that all change, and deletes what the one before has made. */
export class Transactions implements Deed {
  readonly #server: Served;
  readonly #said: Said['of'][] = [];

  constructor(server: Served) {
    this.#server = server;
  }

  async step(at: number): Promise<void> {
    const entries = [
      entry(`PUT Patient/made-${at}`, patient(`made-${at}`, `made-${at}`)),
      entry('PUT Patient/changed', patient(String(at), 'changed')),
      entry(`DELETE Patient/made-${at - 1}`),
    ];
    const said = await ask(this.#server, 'POST', '/', bundle('transaction', entries));
    if (said.of === 'done') expect(said.reply.status, said.reply.text).to.equal(200);
    this.#said[at] = said.of;
  }

  async check(): Promise<void> {
    const stored = new Set(await historyOf(this.#server, 'changed'));
    for (const [at, said] of this.#said.entries()) {
      const isStored = stored.has(String(at));
      if (said !== 'open') expect(isStored, `transaction ${at}`).to.equal(said === 'done');
      const made = stored.has(String(at + 1)) ? 410 : 200;
      expect(await statusOf(this.#server, `made-${at}`), `of transaction ${at}`).to.equal(isStored ? made : 404);
    }
  }
}

/** Entries that are each done or not, whatever becomes of the others. */
export class Batches implements Deed {
  readonly #server: Served;
  readonly #said = new Map<string, Said['of']>();

  constructor(server: Served) {
    this.#server = server;
  }

  async step(at: number): Promise<void> {
    const ids = ['a', 'b', 'c'].map((name) => `batch-${at}-${name}`);
    const entries = ids.map((id) => entry(`PUT Patient/${id}`, patient(id, id)));
    const said = await ask(this.#server, 'POST', '/', bundle('batch', entries));
    for (const [place, id] of ids.entries()) this.#said.set(id, said.of === 'done' ? saidOf(said, place) : said.of);
  }

  async check(): Promise<void> {
    for (const [id, said] of this.#said) {
      const status = await statusOf(this.#server, id);
      expect(status, `${id}, ${said}`).to.be.oneOf(said === 'open' ? [200, 404] : [said === 'done' ? 200 : 404]);
    }
  }
}

function saidOf({ reply }: Said & { of: 'done' }, place: number): Said['of'] {
  expect(reply.status, reply.text).to.equal(200);
  const response = reply.at(`entry.${place}.response`) as { status: string };
  if (response.status.startsWith('201')) return 'done';
  expect(response.status, reply.text).to.match(/^503/);
  return isInDoubt(JSON.stringify(response)) ? 'open' : 'absent';
}
