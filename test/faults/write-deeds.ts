import { expect } from 'chai';
import { asRoot } from '../harness/server.ts';
import { historyOf } from '../kill/inspection.ts';
import { SYSTEM } from '../kill/writers.ts';
import { ask, askUntilDone, type Said, type Served } from './ask.ts';
import { patient, statusOf } from './bundle-deeds.ts';
import type { Deed } from './deeds.ts';

/** Patients that are made and deleted: one whose deletion was answered is gone. */
export class Deletions implements Deed {
  readonly #server: Served;
  readonly #said: Said['of'][] = [];

  constructor(server: Served) {
    this.#server = server;
  }

  async step(at: number): Promise<void> {
    const path = `/Patient/gone-${at}`;
    await askUntilDone(this.#server, 'PUT', path, { as: asRoot, json: patient(`gone-${at}`) });
    const said = await ask(this.#server, 'DELETE', path, { as: asRoot });
    if (said.of === 'done') expect(said.reply.status, said.reply.text).to.equal(204);
    this.#said[at] = said.of;
  }

  async check(): Promise<void> {
    for (const [at, said] of this.#said.entries()) {
      const statuses = { done: [410], absent: [200], open: [200, 410] }[said];
      expect(await statusOf(this.#server, `gone-${at}`), `gone-${at}, ${said}`).to.be.oneOf(statuses);
    }
  }
}

/** Sent until it is answered, `If-None-Exist` makes one resource: the one that is answered. */
export class ConditionalCreates implements Deed {
  readonly #server: Served;
  readonly #ids: unknown[] = [];

  constructor(server: Served) {
    this.#server = server;
  }

  async step(at: number): Promise<void> {
    const headers = { 'if-none-exist': `identifier=${SYSTEM}|once-${at}` };
    const options = { as: asRoot, json: patient(`once-${at}`), headers };
    const { reply, again } = await askUntilDone(this.#server, 'POST', '/Patient', options);
    expect(reply.status, reply.text).to.be.oneOf(again ? [200, 201] : [201]);
    this.#ids[at] = reply.at('id');
  }

  async check(): Promise<void> {
    for (const [at, id] of this.#ids.entries()) {
      const found = await this.#server.request('GET', `/Patient?identifier=${SYSTEM}|once-${at}`, { as: asRoot });
      expect([found.at('total'), found.at('entry.0.resource.id')], `once-${at}`).to.eql([1, id]);
    }
  }
}

/** Updates of what a search finds: each answered one is a version, in their order, and no refused one is. */
export class ConditionalUpdates implements Deed {
  readonly #server: Served;
  readonly #values: Record<Said['of'], string[]> = { done: [], absent: [], open: [] };

  constructor(server: Served) {
    this.#server = server;
  }

  async step(at: number): Promise<void> {
    const found = { system: 'http://example.org/found', value: 'found' };
    const json = { id: 'found', identifier: [{ system: SYSTEM, value: `v${at}` }, found] };
    const said = await ask(this.#server, 'PUT', `/Patient?identifier=${found.system}|found`, { as: asRoot, json });
    if (said.of === 'done') expect(said.reply.status, said.reply.text).to.be.oneOf([200, 201]);
    this.#values[said.of].push(`v${at}`);
  }

  async check(): Promise<void> {
    const { done, absent, open } = this.#values;
    const values = await historyOf(this.#server, 'found');
    expect(values.filter((value) => !open.includes(value))).to.eql(done);
    expect(values.filter((value) => absent.includes(value))).to.eql([]);
  }
}

/** `If-Match`: what was refused has left the version as it was, so that the same may be sent again. */
export class MatchedUpdates implements Deed {
  readonly #server: Served;
  #version = 0;

  constructor(server: Served) {
    this.#server = server;
  }

  async step(at: number): Promise<void> {
    const path = '/Patient/matched';
    const headers = this.#version === 0 ? { 'if-none-match': '*' } : { 'if-match': `W/"${this.#version}"` };
    const options = { as: asRoot, json: patient(`m${at}`), headers };
    const { reply, again } = await askUntilDone(this.#server, 'PUT', path, options);
    expect(reply.status, reply.text).to.be.oneOf(again ? [200, 201, 412] : [this.#version === 0 ? 201 : 200]);
    this.#version += 1;
  }

  async check(): Promise<void> {
    const values = await historyOf(this.#server, 'matched');
    expect(values).to.eql(Array.from({ length: this.#version }, (_, at) => `m${at}`));
  }
}
