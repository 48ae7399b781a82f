/** PUT makes a resource under an id of the caller's choice, or its next version (FHIR R4 §3.1.0.7). */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { type ClockedServer, startClockedServer } from '../harness/in-process.ts';
import { asRoot } from '../harness/server.ts';
import { contentOf, EXAMPLES } from './examples.ts';

const BASE_URL = 'https://ward.example';

describe('resources: update', () => {
  let server: ClockedServer;
  before(async () => {
    server = await startClockedServer({ BASE_URL });
  });
  after(() => server.stop());

  const put = (path: string, json: unknown) => server.request('PUT', path, { as: asRoot, json });

  for (const { type, resource, changed, secret } of EXAMPLES) {
    it(`${type}: 201 with a Location when made, 200 without when changed`, async () => {
      const made = await put(`/${type}/a.B-1`, { ...resource, ...secret });
      expect(made.status, made.text).to.equal(201);
      expect(made.header('location')).to.equal(`${BASE_URL}/${type}/a.B-1/_history/1`);
      expect(made.header('etag')).to.equal('W/"1"');
      expect(contentOf(made)).to.deep.equal(resource);

      server.pass(5);
      const next = await put(`/${type}/a.B-1`, changed);
      expect(next.status, next.text).to.equal(200);
      expect(next.header('location')).to.equal('');
      expect(next.header('etag')).to.equal('W/"2"');
      expect(next.header('last-modified')).to.equal(new Date(next.string('meta.lastUpdated')).toUTCString());
      expect(next.string('meta.lastUpdated') > made.string('meta.lastUpdated')).to.equal(true);
      expect(contentOf(next)).to.deep.equal(changed);
      await server.request('DELETE', `/${type}/a.B-1`, { as: asRoot });
    });

    it(`${type}: an unchanged body keeps the version, whatever the order of its members`, async () => {
      const path = `/${type}/same`;
      const made = await put(path, { ...resource, ...secret });
      server.pass(5);
      const reversed = Object.fromEntries(Object.entries({ ...resource, ...secret }).reverse());
      for (const body of [{ ...resource, ...secret }, reversed, made.body, { ...resource, meta: { versionId: '9' } }]) {
        const again = await put(path, body);
        expect(again.status, again.text).to.equal(200);
        expect(again.header('etag')).to.equal('W/"1"');
        expect(again.body).to.deep.equal(made.body);
      }
      const history = await server.request('GET', `${path}/_history`, { as: asRoot });
      expect(history.list('entry')).to.have.length(1);
      await server.request('DELETE', path, { as: asRoot });
    });

    for (const [name, body, place] of [
      ['id', { id: 'other' }, `${type}.id`],
      ['id that is a number', { id: 7 }, `${type}.id`],
      ['resourceType', { resourceType: 'Basic' }, `${type}.resourceType`],
      ['resourceType in another case', { resourceType: type.toLowerCase() }, `${type}.resourceType`],
    ] as const) {
      it(`${type}: another ${name} in the body is refused`, async () => {
        const reply = await put(`/${type}/mismatch`, { ...resource, ...body });
        expect(reply.status, reply.text).to.equal(400);
        expect(reply.at('issue.0')).to.deep.include({ code: 'structure', expression: [place] });
        expect((await server.request('GET', `/${type}/mismatch`, { as: asRoot })).status).to.equal(404);
      });
    }
  }

  it('the order of an array is a change', async () => {
    await put('/Patient/order', { name: [{ family: 'A' }, { family: 'B' }] });
    const reply = await put('/Patient/order', { name: [{ family: 'B' }, { family: 'A' }] });
    expect(reply.header('etag')).to.equal('W/"2"');
  });

  for (const [name, id, status] of [
    ['64-character ids', 'a'.repeat(64), 201],
    ['65-character ids', 'a'.repeat(65), 400],
    ['dot-only ids', '...', 400],
    ['ids with an underscore', 'a_b', 400],
    ['ids with an encoded slash', 'a%2fb', 400],
    ['ids with an encoded NUL', 'a%00', 400],
    ['ids with letters beyond ASCII', '%C3%A4', 400],
  ] as const) {
    it(`${name}: ${status}`, async () => {
      expect((await put(`/Patient/${id}`, {})).status).to.equal(status);
    });
  }

  for (const id of ['.', '..', '...', '.'.repeat(64)]) {
    it(`dot-only ids: one of ${id.length} in a body is refused, wherever an id may stand`, async () => {
      const identifier = [{ value: `dots-${id.length}` }];
      const json = { id, identifier };
      const transaction = (method: string, url: string, resource: object) => {
        const entry = [{ resource: { resourceType: 'Patient', ...resource }, request: { method, url } }];
        return { resourceType: 'Bundle', type: 'transaction', entry };
      };
      const query = `/Patient?identifier=dots-${id.length}`;
      for (const [method, path, body, place] of [
        ['PUT', query, json, 'Patient.id'],
        ['POST', '/', transaction('PUT', query.slice(1), json), 'Bundle.entry[0].resource.id'],
        ['POST', '/Patient', { contained: [{ resourceType: 'Patient', id }] }, 'Patient.contained[0].id'],
        ['POST', '/Patient', { managingOrganization: { reference: `Organization/${id}` } }, undefined],
      ] as const) {
        const reply = await server.request(method, path, { as: asRoot, json: body });
        expect(reply.status, `${method} ${path} ${reply.text}`).to.equal(422);
        if (place !== undefined) expect(reply.at('issue.0.expression.0')).to.equal(place);
      }
      expect((await server.request('GET', query, { as: asRoot })).list('entry')).to.eql([]);
    });
  }

  it('ids tell upper from lower case, types too', async () => {
    await put('/Patient/Case', { gender: 'male' });
    expect((await put('/Patient/case', { gender: 'female' })).status).to.equal(201);
    expect((await put('/patient/case', {})).status).to.equal(404);
  });
});
