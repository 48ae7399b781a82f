/** Searches within the compartment of a patient (https://hl7.org/fhir/R4/http.html#vsearch). */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { type Api, startApi } from '../auth/http/api.ts';
import { asRoot } from '../harness/server.ts';
import { observation, to } from './about-patients.ts';
import { finds } from './finds.ts';
import { APP, narrowed } from './narrowed.ts';

const BASE = 'https://ward.example';

describe('Searches within a compartment', () => {
  let api: Api;

  before(async () => {
    api = await startApi({ BASE_URL: BASE });
    await api.put('/Patient/ann', { gender: 'female', link: [{ other: to('Patient/bo'), type: 'seealso' }] });
    await api.put('/Patient/bo', { gender: 'male' });
    await api.put('/Group/ann', { type: 'person', actual: true });
    await api.put('/Observation/a1', observation('Patient/ann', { valueString: 'one' }));
    await api.put('/Observation/a2', observation(`${BASE}/fhir/Patient/ann`, { valueString: 'two' }));
    await api.put('/Observation/a3', observation('Patient/bo', { performer: [to('Patient/ann')] }));
    await api.put('/Observation/b1', observation('Patient/bo', { hasMember: [to('Observation/a1')] }));
    await api.put('/Observation/else', observation('https://else.example/Patient/ann'));
    await api.put('/Observation/group', observation('Group/ann'));
    await api.put('/Observation/a4', observation('Patient/ann', { hasMember: [to('Observation/b1')] }));
  });
  after(() => api.stop());

  finds(() => api, '§3.1.0.11', [
    ['what points to the patient by any parameter of the compartment', '/Patient/ann/Observation', 'a1 a2 a3 a4'],
    ['and not what points to another, or elsewhere', '/Patient/bo/Observation', 'a3 b1'],
    ['with parameters', '/Patient/ann/Observation?value-string=two,one&_sort=-value-string', 'a2 a1'],
    ['through a chain', '/Patient/ann/Observation?subject:Patient.gender=male', 'a3'],
    ['the patient belongs to its own, and by its links to that of others', '/Patient/bo/Patient', 'ann bo'],
    ['of a patient that there is not', '/Patient/nobody/Observation', ''],
    ['under /fhir', '/fhir/Patient/bo/Observation', 'a3 b1'],
  ]);

  it('goes by POST, too', async () => {
    const form = { 'value-string': 'two' };
    const reply = await api.request('POST', '/Patient/ann/Observation/_search', { as: asRoot, form });
    expect([reply.status, reply.at('entry.0.resource.id'), reply.list('entry').length]).to.eql([200, 'a2', 1]);
  });

  it('includes what is outside of it', async () => {
    const query = '/Patient/ann/Observation?_id=a4&_include=Observation:has-member&_revinclude=Observation:has-member';
    expect((await api.found(query)).map(({ id }) => id)).to.eql(['a4', 'b1']);
  });

  it('its links stay in it, page by page', async () => {
    const seen: string[] = [];
    let path = '/Patient/ann/Observation?_count=1&_sort=_id';
    for (let page = 0; page < 5 && path !== ''; page += 1) {
      const reply = await api.request('GET', path, { as: asRoot });
      seen.push(reply.string('entry.0.resource.id'));
      const [self = '', next = ''] = reply.list('link').map((_, at) => reply.string(`link.${at}.url`));
      expect(self).to.match(/^https:\/\/ward\.example\/Patient\/ann\/Observation\?/);
      path = next.slice(BASE.length);
    }
    expect(seen).to.eql(['a1', 'a2', 'a3', 'a4']);
  });

  it('a page of one is none of another', async () => {
    const reply = await api.request('GET', '/Patient/ann/Observation?_count=1', { as: asRoot });
    const cursor = new URL(reply.string('link.1.url')).searchParams.get('_cursor');
    for (const path of ['/Patient/bo/Observation', '/Observation']) {
      const other = await api.request('GET', `${path}?_count=1&_cursor=${cursor}`, { as: asRoot });
      expect(other.status, path).to.equal(400);
    }
  });

  it('says what is not there', async () => {
    const told = async (path: string) => {
      const reply = await api.request('GET', path, { as: asRoot });
      return [reply.status, reply.string('issue.0.diagnostics')];
    };
    expect(await told('/Group/ann/Observation')).to.eql([404, 'Group has no compartment; supported: Patient.']);
    expect(await told('/Patient/ann/Organization')).to.eql([
      404,
      'Organization is not part of the Patient compartment: search /Organization instead.',
    ]);
    expect((await told('/Patient/ann/Nothing'))[0]).to.equal(404);
    expect((await told('/Patient/ann/*'))[0]).to.equal(404);
    for (const path of ['/Patient/a_b/Observation', '/Patient/%2e%2e/Observation', '/Patient/ann/Observation?no=1']) {
      expect((await told(path))[0], path).to.equal(400);
    }
    const put = await api.request('PUT', '/Patient/ann/Observation', { as: asRoot, json: observation('Patient/ann') });
    expect([put.status, put.headers['allow']]).to.eql([405, 'HEAD, GET']);
  });

  it('stands in a Bundle', async () => {
    const entry = [{ request: { method: 'GET', url: 'Patient/bo/Observation?_summary=count' } }];
    for (const type of ['batch', 'transaction']) {
      const reply = await api.request('POST', '/', { as: asRoot, json: { resourceType: 'Bundle', type, entry } });
      expect([reply.status, reply.at('entry.0.resource.total')], reply.text).to.eql([200, 2]);
    }
  });

  it('is judged as the search of its type, and narrowed as that is', async () => {
    const policy = await narrowed(api);
    const seen = async () => {
      const reply = await api.request('GET', '/Patient/ann/Observation', { as: APP });
      return reply.status === 200
        ? reply.list('entry').map((_, at) => reply.at(`entry.${at}.resource.id`))
        : reply.status;
    };
    await policy('Patient', '_id=ann');
    expect(await seen()).to.equal(403);
    await policy('Observation', 'value-string=one,two');
    expect(await seen()).to.eql(['a1', 'a2']);
  });

  it('an address below the one of a patient is judged as the search of its type', async () => {
    await api.put('/Client/doc', { secret: 'doc-secret', grant_types: ['basic'] });
    const as = { basic: ['doc', 'doc-secret'] } as const;
    const allow = (uri: string) =>
      api.put('/AccessPolicy/doc', { engine: 'matcho', matcho: { uri }, link: [{ reference: 'Client/doc' }] });
    const entry = [{ request: { method: 'GET', url: 'Patient/ann/Observation' } }];
    const statuses = async () => {
      const alone = await api.request('GET', '/Patient/ann/Observation', { as });
      const posted = await api.request('POST', '/Patient/ann/Observation/_search', { as, form: { _count: '1' } });
      const batch = await api.request('POST', '/', { as, json: { resourceType: 'Bundle', type: 'batch', entry } });
      return [alone.status, posted.status, batch.string('entry.0.response.status').slice(0, 3)];
    };
    await allow('#^/Patient(/.*)?$');
    expect((await api.request('GET', '/Patient/ann', { as })).status).to.equal(200);
    expect(await statuses()).to.eql([403, 403, '403']);
    await allow('#/Observation(/_search)?');
    expect(await statuses()).to.eql([200, 200, '200']);
  });

  it('is told of', async () => {
    const metadata = await api.request('GET', '/metadata');
    expect(metadata.at('rest.0.compartment')).to.eql(['http://hl7.org/fhir/CompartmentDefinition/patient']);
    const described = await api.request('GET', '/openapi.json', { as: asRoot });
    const own = '/{compartment}/{owner}/{type}';
    expect(described.at('paths')).to.include.keys(own, `${own}/_search`);
  });
});
