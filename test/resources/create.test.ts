/** POST makes a resource under an id of the server's choice (FHIR R4 §3.1.0.8). */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { type ClockedServer, startClockedServer } from '../harness/in-process.ts';
import { asRoot } from '../harness/server.ts';
import { contentOf, EXAMPLES } from './examples.ts';

const BASE_URL = 'https://ward.example';

describe('resources: create', () => {
  let server: ClockedServer;
  before(async () => {
    server = await startClockedServer({ BASE_URL });
  });
  after(() => server.stop());

  const create = (type: string, json: unknown) => server.request('POST', `/${type}`, { as: asRoot, json });

  for (const { type, resource } of EXAMPLES) {
    it(`${type}: 201 with Location, ETag and Last-Modified of the first version`, async () => {
      const reply = await create(type, resource);
      expect(reply.status, reply.text).to.equal(201);
      const { id, meta } = reply.body as { id: string; meta: { versionId: string; lastUpdated: string } };
      expect(reply.header('location')).to.equal(`${BASE_URL}/${type}/${id}/_history/1`);
      expect(reply.header('etag')).to.equal('W/"1"');
      expect(reply.header('last-modified')).to.equal(new Date(meta.lastUpdated).toUTCString());
      expect(meta.versionId).to.equal('1');
      expect(meta.lastUpdated).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      expect(Math.abs(Date.parse(meta.lastUpdated) - server.now())).to.be.below(10_000);
    });

    it(`${type}: an id that is sent is ignored, and what is under it stays`, async () => {
      await server.request('PUT', `/${type}/taken`, { as: asRoot, json: resource });
      const reply = await create(type, { ...resource, id: 'taken' });
      expect(reply.status, reply.text).to.equal(201);
      expect(reply.string('id')).to.not.equal('taken');
      expect(contentOf(reply)).to.deep.equal(resource);
      expect((await server.request('GET', `/${type}/taken`, { as: asRoot })).at('meta.versionId')).to.equal('1');
      await server.request('DELETE', `/${type}/taken`, { as: asRoot });
    });

    it(`${type}: an id that none can be is ignored as well, by itself and in Bundles`, async () => {
      for (const id of ['ours_7', 'x'.repeat(65), '', 7, null, ['a']]) {
        const sent = { resourceType: type, ...resource, id };
        const reply = await create(type, sent);
        expect(reply.status, `${id} ${reply.text}`).to.equal(201);
        expect(contentOf(reply)).to.deep.equal(resource);
        for (const kind of ['batch', 'transaction']) {
          const entry = [{ request: { method: 'POST', url: type }, resource: sent }];
          const json = { resourceType: 'Bundle', type: kind, entry };
          const answer = await server.request('POST', '/', { as: asRoot, json });
          expect(answer.at('entry.0.response.status'), answer.text).to.equal('201');
        }
      }
    });

    it(`${type}: a resourceType may be left out, and another one is refused`, async () => {
      expect((await create(type, { resourceType: type, ...resource })).status).to.equal(201);
      const reply = await create(type, { resourceType: 'Observation', ...resource });
      expect(reply.status).to.equal(400);
      expect(reply.at('issue.0')).to.deep.include({ code: 'structure', expression: [`${type}.resourceType`] });
    });
  }

  it('ids are not given twice, and sort by their time', async () => {
    const replies = await Promise.all(Array.from({ length: 40 }, () => create('Patient', {})));
    const ids = replies.map((reply) => reply.string('id'));
    expect(new Set(ids).size).to.equal(40);
    server.pass(1);
    const later = (await create('Patient', {})).string('id');
    for (const id of ids) expect(id < later, `${id} before ${later}`).to.equal(true);
  });

  it('an invalid resource is a 422 that names every place, and is not stored', async () => {
    const count = async () => (await server.request('GET', '/Patient?_summary=count', { as: asRoot })).at('total');
    const before = await count();
    const reply = await create('Patient', { birthDate: 'soon', gender: 'x', nickname: 'y' });
    expect(reply.status).to.equal(422);
    const places = (reply.list('issue') as { expression: string[] }[]).map(({ expression }) => expression[0]);
    expect(places).to.have.members(['Patient.birthDate', 'Patient.gender', 'Patient.nickname']);
    expect(await count()).to.equal(before);
  });
});
