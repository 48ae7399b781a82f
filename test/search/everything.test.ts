/** All that is about a patient (https://hl7.org/fhir/R4/patient-operation-everything.html). */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { type Api, startApi } from '../auth/http/api.ts';
import type { Identity, Reply } from '../harness/http.ts';
import { asRoot } from '../harness/server.ts';
import { observation, to } from './about-patients.ts';
import { APP, narrowed } from './narrowed.ts';

const BASE = 'https://ward.example';

describe('Patient/$everything', () => {
  let api: Api;
  before(async () => {
    api = await startApi({ BASE_URL: BASE });
    await api.put('/Practitioner/doc', { active: true });
    await api.put('/Organization/org', { name: 'Org' });
    await api.put('/Organization/far', { name: 'Far' });
    await api.put('/Patient/bo', { gender: 'male', link: [{ other: to('Patient/ann'), type: 'seealso' }] });
    await api.put('/Patient/ann', { gender: 'female', managingOrganization: to('Organization/org') });
    for (const id of ['a1', 'a2', 'a3']) {
      await api.put(`/Observation/${id}`, observation('Patient/ann', { performer: [to('Practitioner/doc')] }));
    }
    await api.put('/Observation/b1', observation('Patient/bo', { performer: [to('Organization/far')] }));
    const status = { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/condition-clinical', code: 'active' }] };
    await api.put('/Condition/c1', { subject: to('Patient/ann'), clinicalStatus: status });
    await api.put('/Encounter/e1', { status: 'finished', class: { code: 'AMB' }, subject: to('Patient/ann') });
    await api.put('/Observation/e', observation('Patient/nobody', { encounter: to('Encounter/e1') }));
    await api.put('/Patient/gone', { gender: 'male' });
    await api.request('DELETE', '/Patient/gone', { as: asRoot });
  });
  after(() => api.stop());

  const get = (path: string, as: Identity = asRoot) => api.request('GET', path, { as });
  const entries = (reply: Reply) =>
    (reply.list('entry') as { resource: { id?: string; resourceType: string }; search: { mode: string } }[]).map(
      ({ resource, search }) => `${search.mode} ${resource.resourceType}/${resource.id ?? ''}`,
    );
  const all = async (path: string) => {
    const reply = await get(path);
    expect(reply.status, reply.text).to.equal(200);
    return entries(reply);
  };
  const COMPARTMENT = ['Condition/c1', 'Encounter/e1', 'Observation/a1', 'Observation/a2', 'Observation/a3'];
  const matches = ['Patient/ann', 'Patient/bo', ...COMPARTMENT].map((each) => `match ${each}`);
  const supporting = ['include Organization/org', 'include Practitioner/doc'];

  for (const path of ['/Patient/ann/$everything', '/fhir/Patient/ann/$everything']) {
    it(`gives the patient first, its compartment, and what that refers to: ${path}`, async () => {
      const found = await all(path);
      expect(found[0]).to.equal('match Patient/ann');
      expect([...found].sort()).to.eql([...supporting, ...matches].sort());
    });
  }

  it('goes by POST with a Parameters', async () => {
    const post = (json: object) => api.request('POST', '/Patient/ann/$everything', { as: asRoot, json });
    const plain = await post({ resourceType: 'Parameters' });
    expect([plain.status, entries(plain).length]).to.eql([200, matches.length + supporting.length]);
    const parameter = [
      { name: '_type', valueCode: 'Observation' },
      { name: '_count', valueInteger: 2 },
    ];
    const page = await post({ resourceType: 'Parameters', parameter });
    expect(entries(page)).to.eql(['match Observation/a1', 'match Observation/a2']);
    expect(await all(page.string('link.1.url').slice(BASE.length))).to.eql(['match Observation/a3']);
    expect((await post({ resourceType: 'Patient' })).status).to.equal(400);
    expect(
      (await post({ resourceType: 'Parameters', parameter: [{ name: 'end', valueDate: '2026' }] })).status,
    ).to.equal(400);
    expect((await post({ resourceType: 'Parameters', parameter: 1 })).status).to.equal(400);
  });

  it('goes by POST with nothing, too: no parameter has to be given', async () => {
    const path = '/Patient/ann/$everything';
    for (const headers of [{}, { 'Content-Type': 'application/fhir+json' }]) {
      const plain = await api.request('POST', `${path}?_type=Condition`, { as: asRoot, headers });
      expect([plain.status, entries(plain)]).to.eql([200, ['match Condition/c1']]);
    }
    const entry = [{ request: { method: 'POST', url: 'Patient/ann/$everything?_type=Condition' } }];
    const batch = await api.request('POST', '/', {
      as: asRoot,
      json: { resourceType: 'Bundle', type: 'batch', entry },
    });
    expect(batch.at('entry.0.resource.entry.0.resource.id'), batch.text).to.equal('c1');
  });

  for (const count of [1, 2, 3, 5]) {
    it(`gives each once, in pages of ${count}`, async () => {
      const seen: string[] = [];
      let path = `/Patient/ann/$everything?_count=${count}`;
      for (let pages = 0; pages < 20 && path !== ''; pages += 1) {
        const reply = await get(path);
        expect(reply.status, reply.text).to.equal(200);
        const found = entries(reply).filter((each) => each.startsWith('match'));
        expect(found.length).to.be.at.most(count);
        seen.push(...found);
        const [self = '', next = ''] = reply.list('link').map((_, at) => reply.string(`link.${at}.url`));
        expect(self).to.equal(`${BASE}/Patient/ann/$everything?_count=${count}`);
        path = next.slice(BASE.length);
      }
      expect([path, ...[...seen].sort()]).to.eql(['', ...[...matches].sort()]);
    });
  }

  it('keeps to types that are named, and gives nothing that they refer to', async () => {
    expect(await all('/Patient/ann/$everything?_type=Condition,Encounter')).to.eql([
      'match Condition/c1',
      'match Encounter/e1',
    ]);
    expect((await all('/Patient/ann/$everything?_type=Patient'))[0]).to.equal('match Patient/ann');
  });

  it('keeps to what has changed since an instant', async () => {
    api.pass(60);
    const changed = await api.request('PUT', '/Observation/a2', {
      as: asRoot,
      json: {
        resourceType: 'Observation',
        ...observation('Patient/ann', { performer: [to('Practitioner/doc')], valueString: 'new' }),
      },
    });
    const since = encodeURIComponent(changed.string('meta.lastUpdated'));
    const before = await all('/Patient/ann/$everything?_since=2020-01-01T00:00:00Z');
    expect(before).to.have.length(matches.length + supporting.length);
    const found = await all(`/Patient/ann/$everything?_since=${since}`);
    expect(found).to.eql(['match Observation/a2', 'include Practitioner/doc']);
    expect(await all('/Patient/ann/$everything?_since=2100-01-01T00:00:00Z')).to.eql([]);
  });

  const REFUSED: [path: string, status: number, told: RegExp][] = [
    ['/Patient/nobody/$everything', 404, /no Patient\/nobody/],
    ['/Patient/gone/$everything', 410, /deleted/],
    ['/Group/ann/$everything', 404, /no compartment/],
    ['/Patient/a_b/$everything', 400, /An id must have/],
    ['/Patient/ann/$everything?start=2026-01-01', 400, /not start/],
    ['/Patient/ann/$everything?_type=Organization', 400, /_type must list types/],
    ['/Patient/ann/$everything?_since=2026', 400, /instant/],
    ['/Patient/ann/$everything?_count=0', 400, /whole number/],
    ['/Patient/ann/$everything?_cursor=Organization', 400, /_cursor/],
    ['/Patient/ann/$everything?_cursor=Observation.x', 400, /_cursor/],
    ['/Patient/ann/$everything?_cursor=', 400, /_cursor/],
    ['/Patient/ann/$nothing', 404, /./],
  ];
  for (const [path, status, told] of REFUSED) {
    it(`${path} is ${status}`, async () => {
      const reply = await get(path);
      expect(reply.status, reply.text).to.equal(status);
      expect(reply.string('issue.0.diagnostics')).to.match(told);
    });
  }

  it('stands in a batch; everything in a transaction is refused, for which all other writes wait', async () => {
    const entry = [{ request: { method: 'GET', url: 'Patient/ann/$everything?_type=Condition' } }];
    const send = (type: string) =>
      api.request('POST', '/', { as: asRoot, json: { resourceType: 'Bundle', type, entry } });
    const batch = await send('batch');
    expect(batch.at('entry.0.resource.entry.0.resource.id'), batch.text).to.equal('c1');
    const refused = await send('transaction');
    expect([refused.status, refused.at('issue.0.expression')]).to.eql([422, ['Bundle.entry[0]']]);
  });

  it('shows what a caller may read and search by itself, and names what it leaves out', async () => {
    const policy = await narrowed(api);
    expect((await api.request('GET', '/Patient/ann/$everything')).status).to.equal(401);
    await policy('Observation', '_id=a1,a2,b1');
    expect((await get('/Patient/ann/$everything', APP)).status).to.equal(403);
    await policy('Patient', '_id=ann');
    await policy('Practitioner', '_id=doc');
    const reply = await get('/Patient/ann/$everything', APP);
    expect(entries(reply).slice(0, -1)).to.eql([
      'match Patient/ann',
      'match Observation/a1',
      'match Observation/a2',
      'include Practitioner/doc',
    ]);
    const outcome = `entry.${reply.list('entry').length - 1}`;
    expect(reply.at(`${outcome}.search.mode`)).to.equal('outcome');
    expect(reply.at(`${outcome}.resource.issue.0.code`)).to.equal('suppressed');
    const told = reply.string(`${outcome}.resource.issue.0.diagnostics`);
    expect(told).to.include('Condition').and.not.include('Observation').and.not.include('Patient');
    expect((await get('/Patient/ann/$everything?_type=Condition', APP)).status).to.equal(403);
    expect((await get('/Patient/bo/$everything', APP)).status).to.equal(404);
    const json = { resourceType: 'Parameters' };
    expect((await api.request('POST', '/Patient/bo/$everything', { as: APP, json })).status).to.equal(404);
  });

  it('everything that is about a patient is judged as its read, and as the search of each type', async () => {
    await api.put('/Client/below', { secret: 'below-secret', grant_types: ['basic'] });
    const as = { basic: ['below', 'below-secret'] } as const;
    const matcho = { uri: '#^/Patient/ann/.*' };
    await api.put('/AccessPolicy/below', { engine: 'matcho', matcho, link: [{ reference: 'Client/below' }] });
    expect((await get('/Patient/ann/$everything', as)).status).to.equal(403);
    await api.put('/AccessPolicy/below', {
      engine: 'matcho',
      matcho: { uri: '#^/Patient/.*' },
      link: [{ reference: 'Client/below' }],
    });
    expect(entries(await get('/Patient/ann/$everything', as)).slice(0, -1)).to.eql(['match Patient/ann']);
  });

  it('what is named very often is judged once', async () => {
    await api.put('/Client/often', { secret: 'often-secret', grant_types: ['basic'] });
    const as = { basic: ['often', 'often-secret'] } as const;
    const link = [{ reference: 'Client/often' }];
    await api.put('/AccessPolicy/often-patients', {
      engine: 'criteria',
      resource: 'Patient',
      criteria: '_id=ann',
      link,
    });
    const or = Array.from({ length: 40 }, (_, at) => ({
      engine: 'criteria',
      resource: 'Group',
      criteria: `code=a${at}`,
    }));
    await api.put('/AccessPolicy/often-groups', { engine: 'complex', or, link });
    const parameter = [{ name: '_type', valueString: Array.from({ length: 60_000 }, () => 'Group').join() }];
    const start = process.cpuUsage();
    const json = { resourceType: 'Parameters', parameter };
    const reply = await api.request('POST', '/Patient/ann/$everything', { as, json });
    expect(reply.status, reply.text.slice(0, 500)).to.equal(200);
    expect(process.cpuUsage(start).user, 'microseconds').to.be.below(3_000_000);
  });

  it('is told of', async () => {
    const metadata = await get('/metadata');
    const types = metadata.list('rest.0.resource') as { type: string; operation?: { name: string }[] }[];
    const having = types.filter(({ operation = [] }) => operation.some(({ name }) => name === 'everything'));
    expect(having.map(({ type }) => type)).to.eql(['Patient']);
    expect((await get('/openapi.json')).at('paths')).to.include.keys('/{compartment}/{owner}/$everything');
  });
});
