/**
 * Whatever is written in whatever order: each answer, each version, its history and what a search finds are what a
 * plain list of versions says, and what is refused leaves everything as it was.
 */
import { expect } from 'chai';
import fc from 'fast-check';
import type { Bundle, BundleEntry, Patient } from 'fhir/r4.js';
import { after, before, describe, it } from 'mocha';
import { runs } from '../harness/generated.ts';
import type { Reply } from '../harness/http.ts';
import { type ClockedServer, startClockedServer } from '../harness/in-process.ts';
import { asRoot } from '../harness/server.ts';
import { Model, person } from './stories/model.ts';
import { type Asked, asked, entry, type Step, step, VALUES } from './stories/steps.ts';

const STEPS = 25;

/** A step by itself, or several by ids that are not the same, in one transaction. */
const story = fc.array(fc.oneof({ weight: 3, arbitrary: step }, { weight: 1, arbitrary: transaction() }), {
  minLength: 1,
  maxLength: STEPS,
  size: 'max',
});

function transaction(): fc.Arbitrary<Step[]> {
  const byId = step.filter((each) => 'id' in each);
  return fc.uniqueArray(byId, { minLength: 1, maxLength: 3, selector: (each) => ('id' in each ? each.id : '') });
}

describe('Writes one after another', () => {
  let server: ClockedServer;
  let stories = 0;
  before(async () => {
    server = await startClockedServer();
  });
  after(() => server.stop());

  const get = (path: string) => server.request('GET', path, { as: asRoot });

  function send({ method, url, resource, patch, conditions }: Asked): Promise<Reply> {
    const { ifMatch, ifNoneMatch, ifNoneExist } = conditions;
    const headers = {
      ...(patch && { 'content-type': 'application/merge-patch+json' }),
      ...(ifMatch && { 'if-match': ifMatch }),
      ...(ifNoneMatch && { 'if-none-match': ifNoneMatch }),
      ...(ifNoneExist && { 'if-none-exist': ifNoneExist }),
    };
    const body = patch ? { body: JSON.stringify(patch) } : resource && { json: resource };
    return server.request(method, `/${url}`, { as: asRoot, headers, ...body });
  }

  /** Does one step, and gives what is to be there then. */
  async function alone(each: Step, name: string, model: Model): Promise<Model> {
    const then = model.copy();
    const request = asked(each, name, model, 'fresh');
    const status = request.effect(then);
    const reply = await send(request);
    expect(reply.status, `${request.method} ${request.url}: ${reply.text}`).to.equal(status);
    if (status >= 400) return model;
    if (then.versions.has('fresh')) then.rename('fresh', reply.string('id'));
    return then;
  }

  /** Does several steps or none: deletes first, what changes by a PUT or a PATCH after them. */
  async function together(steps: Step[], name: string, model: Model): Promise<Model> {
    const then = model.copy();
    const requests = steps.map((each) => asked(each, name, model, 'fresh'));
    const statuses = requests.map((request) => request.effect(then));
    const entries: BundleEntry[] = requests.map(entry);
    const json: Bundle = { resourceType: 'Bundle', type: 'transaction', entry: entries };
    const reply = await server.request('POST', '/', { as: asRoot, json });
    const refusals = statuses.filter((status) => status >= 400);
    expect(reply.status, reply.text).to.be.oneOf(refusals.length > 0 ? refusals : [200]);
    if (refusals.length > 0) return model;
    const told = reply.list('entry').map((_, at) => Number(reply.string(`entry.${at}.response.status`).slice(0, 3)));
    expect(told).to.deep.equal(statuses);
    return then;
  }

  async function checkCurrent(model: Model, id: string): Promise<void> {
    const current = model.current(id);
    const reply = await get(`/Patient/${id}`);
    expect(reply.status, id).to.equal(current === undefined ? 410 : 200);
    if (current === undefined) return;
    expect(person(reply.body as Patient)).to.deep.equal(current);
    expect(reply.header('etag')).to.equal(`W/"${model.version(id)}"`);
  }

  async function checkSearches(name: string, model: Model): Promise<void> {
    for (const value of VALUES) {
      const reply = await get(`/Patient?identifier=${name}|${value}&_sort=birthdate`);
      const found = ((reply.body as Bundle).entry ?? []).map(({ resource }) => resource as Patient);
      expect(found.map(({ id }) => id)).to.have.members(model.knownBy(value));
      const births = found.map(({ birthDate = '~' }) => birthDate.padEnd(10, ' '));
      expect(births).to.deep.equal([...births].sort());
    }
  }

  async function checkHistory(model: Model, id: string): Promise<void> {
    const { entry: entries = [], total } = (await get(`/Patient/${id}/_history`)).body as Bundle;
    const all = [...(model.versions.get(id) ?? [])].reverse();
    expect(total).to.equal(all.length);
    expect(entries.map(({ resource }) => resource && person(resource as Patient))).to.deep.equal(all);
    const etags = all.map((_, at) => `W/"${all.length - at}"`);
    expect(entries.map(({ response }) => response?.etag)).to.deep.equal(etags);
    for (const [at, version] of all.entries()) {
      const reply = await get(`/Patient/${id}/_history/${all.length - at}`);
      expect(reply.status).to.equal(version === undefined ? 410 : 200);
    }
  }

  async function tell(steps: (Step | Step[])[]): Promise<void> {
    stories += 1;
    const name = `story-${stories}`;
    let model = new Model();
    for (const each of steps) {
      model = await (Array.isArray(each) ? together(each, name, model) : alone(each, name, model));
      for (const id of model.versions.keys()) await checkCurrent(model, id);
      await checkSearches(name, model);
    }
    for (const id of model.versions.keys()) await checkHistory(model, id);
  }

  it('leave exactly the versions that were accepted', async () => {
    await fc.assert(fc.asyncProperty(story, tell), runs(100));
  }).timeout(300_000);
});
