/** `GET /Patient/{id}/{type}`: a search of a type in the compartment of a patient (FHIR R4 §3.1.1.2). */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { type Api, startApi } from '../auth/http/api.ts';
import type { Identity, Reply } from '../harness/http.ts';
import { asRoot } from '../harness/server.ts';

const idsIn = (reply: Reply) => reply.list('entry').map((entry) => (entry as { resource: { id: string } }).resource.id);

describe('A search in the compartment of a patient', () => {
  let api: Api;
  before(async () => {
    api = await startApi();
    for (const patient of ['p1', 'p2']) {
      await api.put(`/Patient/${patient}`, { active: true });
      for (const [id, text] of [
        ['a', 'x'],
        ['b', 'x'],
        ['c', 'y'],
      ] as const) {
        const subject = { reference: `Patient/${patient}` };
        await api.put(`/Observation/${patient}${id}`, { status: 'final', code: { coding: [{ code: text }] }, subject });
      }
    }
    const performer = [{ reference: 'Patient/p1' }];
    await api.put('/Observation/performed', { status: 'final', code: { text: 'z' }, performer });
    for (const [id, policy] of [
      ['path', { engine: 'matcho', matcho: { uri: '#/Patient/.*' } }],
      ['type', { engine: 'matcho', matcho: { uri: '/Observation', operation: { id: 'Observation.search' } } }],
      ['rows', { engine: 'criteria', resource: 'Observation', interaction: ['search'], criteria: 'code=y' }],
    ] as const) {
      await api.put(`/Client/${id}`, { secret: 'a-secret', grant_types: ['basic'] });
      await api.put(`/AccessPolicy/${id}`, { ...policy, link: [{ reference: `Client/${id}` }] });
    }
  });
  after(() => api.stop());

  const get = (path: string, as: Identity = asRoot) => api.request('GET', path, { as });

  it('finds what belongs to the patient, whichever way, and takes the parameters of any search', async () => {
    expect(idsIn(await get('/Patient/p1/Observation'))).to.have.members(['p1a', 'p1b', 'p1c', 'performed']);
    expect(idsIn(await get('/Patient/p1/Observation?code=x'))).to.have.members(['p1a', 'p1b']);
    expect(idsIn(await get('/Patient/p2/Observation?code=y'))).to.eql(['p2c']);
    expect((await get('/Patient/p1/Observation?_summary=count')).at('total')).to.equal(4);
    expect(idsIn(await get('/Patient/p1/Patient'))).to.eql(['p1']);
    expect(idsIn(await get('/Patient/p1/Observation?code=x&_include=Observation:subject'))).to.include('p1');
    expect((await get('/Patient/none/Observation')).at('total')).to.equal(0);
    expect((await api.request('HEAD', '/Patient/p1/Observation', { as: asRoot })).status).to.equal(200);
  });

  for (const base of ['', '/fhir']) {
    it(`its links lead through its pages, at ${base || 'the root'}`, async () => {
      const found: string[] = [];
      let path = `${base}/Patient/p1/Observation?_count=1&_sort=_id`;
      for (;;) {
        const reply = await get(path);
        const [self, next] = reply.list('link') as { url: string }[];
        expect(self?.url).to.equal(`${api.baseUrl}${base}/Patient/p1/Observation?_count=1&_sort=_id`);
        found.push(...idsIn(reply));
        if (!next) break;
        path = next.url.slice(api.baseUrl.length);
      }
      expect(found).to.eql(['p1a', 'p1b', 'p1c', 'performed'].sort());
    });
  }

  it('in a Bundle, too', async () => {
    const entry = [{ request: { method: 'GET', url: 'Patient/p1/Observation?code=y' } }];
    const json = { resourceType: 'Bundle', type: 'batch', entry };
    const reply = await api.request('POST', '/', { as: asRoot, json });
    expect(reply.at('entry.0.resource.entry.0.resource.id')).to.equal('p1c');
  });

  const refused: [path: string, status: number][] = [
    ['/Patient/p1/Organization', 404],
    ['/Patient/p1/Client', 404],
    ['/Patient/p1/Nothing', 404],
    ['/Patient/p1/observation', 404],
    ['/Patient/p1,p2/Observation', 400],
    ['/Patient/../Observation', 400],
    ['/Patient/p1/Observation?nonsense=1', 400],
    ['/Practitioner/p1/Observation', 404],
  ];
  for (const [path, status] of refused) {
    it(`${path}: ${status}`, async () => {
      const reply = await get(path.replace('..', '%2e%2e'));
      expect([reply.status, reply.at('resourceType')]).to.eql([status, 'OperationOutcome']);
    });
  }

  it('is read alone, and a history stays one', async () => {
    const posted = await api.request('POST', '/Patient/p1/Observation', { as: asRoot, json: {} });
    expect([posted.status, posted.header('allow')]).to.eql([405, 'HEAD, GET']);
    expect((await get('/Patient/p1/_history')).at('type')).to.equal('history');
  });

  it('policies see the search of the type, and rows narrow it', async () => {
    const as = (id: string): Identity => ({ basic: [id, 'a-secret'] });
    expect((await get('/Patient/p1/Observation', as('path'))).status).to.equal(403);
    expect((await get('/fhir/Patient/p1/Observation?code=x', as('type'))).status).to.equal(200);
    expect(idsIn(await get('/Patient/p1/Observation', as('rows')))).to.eql(['p1c']);
    const entry = [{ request: { method: 'GET', url: 'Patient/p1/Observation' } }];
    const json = { resourceType: 'Bundle', type: 'batch', entry };
    const statuses = [];
    for (const id of ['path', 'type']) {
      statuses.push((await api.request('POST', '/', { as: as(id), json })).at('entry.0.response.status'));
    }
    expect(statuses).to.eql(['403', '200']);
    expect((await api.request('GET', '/Patient/p1/Observation')).status).to.equal(401);
  });
});
