/** Named attacks on the row restrictions of a policy: hidden rows cannot be seen, counted, sorted by or changed. */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { type Api, startApi } from '../auth/http/api.ts';
import type { Identity, RequestOptions } from '../harness/http.ts';
import { asRoot } from '../harness/server.ts';

const OWN = { managingOrganization: { reference: 'Organization/own' } };
const OTHER = { managingOrganization: { reference: 'Organization/other' } };
const MERGE = { 'content-type': 'application/merge-patch+json' };

describe('leak of rows', () => {
  let api: Api;
  const app: Identity = { basic: ['app', 'app-secret'] };
  const rows = (id: string, json: object) =>
    api.put(`/AccessPolicy/${id}`, { engine: 'criteria', link: [{ reference: 'Client/app' }], ...json });
  const ask = (method: string, path: string, options?: RequestOptions) =>
    api.request(method, path, { as: app, ...options });
  const ids = async (path: string): Promise<string> => {
    const reply = await ask('GET', path);
    expect(reply.status, reply.text).to.equal(200);
    return (reply.list('entry') as { resource: { id: string } }[]).map(({ resource }) => resource.id).join(' ');
  };

  before(async () => {
    api = await startApi();
    await api.put('/Client/app', { secret: 'app-secret', grant_types: ['basic'] });
    for (const id of ['own', 'other']) await api.put(`/Organization/${id}`, { name: id });
    await api.put('/Patient/mine', { ...OWN, gender: 'female', birthDate: '1980-01-01' });
    const link = [{ type: 'refer', other: { reference: 'Patient/mine' } }];
    await api.put('/Patient/hidden', { ...OTHER, gender: 'male', birthDate: '1970-01-01', link });
    const back = [{ type: 'refer', other: { reference: 'Patient/hidden' } }];
    await api.put('/Patient/also', { ...OWN, gender: 'male', birthDate: '1990-01-01', link: back });
    const criteria = 'organization=Organization/own';
    await rows('patients', { resource: 'Patient', criteria });
    await rows('organizations', { resource: 'Organization', criteria: '_id=own' });
  });
  after(() => api.stop());

  const searches: [name: string, query: string, expected: string][] = [
    ['leak through _include', '/Patient?_id=also&_include=Patient:link', 'also'],
    ['leak through _include=*', '/Patient?_id=also&_include=*', 'also own'],
    ['leak through _revinclude', '/Patient?_id=mine&_revinclude=Patient:link', 'mine'],
    ['leak through _revinclude=*', '/Patient?_id=mine&_revinclude=*', 'mine'],
    ['leak through _revinclude=* of another type', '/Organization?_revinclude=*', 'own mine also'],
    [
      'leak through _include:iterate=* and _revinclude:iterate=*',
      '/Patient?_id=also&_include:iterate=*&_revinclude:iterate=*',
      'also own mine',
    ],
    ['leak through _include:iterate', '/Patient?_id=also&_include:iterate=Patient:link', 'also'],
    ['leak through chains', '/Patient?link:Patient.gender=male', ''],
    ['leak through chains by their absence', '/Patient?link:Patient.gender:not=female', ''],
    ['leak through a chain to another type', '/Patient?organization.name=other', ''],
    ['leak through _has', '/Patient?_has:Patient:link:gender=male', ''],
    ['leak through _has of another type', '/Organization?_has:Patient:organization:gender=male', 'own'],
    ['leak through _sort order', '/Patient?_sort=birthdate', 'mine also'],
    ['leak through _sort order, descending', '/Patient?_sort=-gender,-_id', 'also mine'],
    // Here the caller's criterion drives the query, and the policy filters its result.
    ['leak through _sort order of what is asked for', '/Patient?_id=hidden,mine,also&_sort=birthdate', 'mine also'],
    ['leak through an id', '/Patient?_id=hidden,mine', 'mine'],
    ['leak through negation', '/Patient?_id:not=mine', 'also'],
    ['leak through absence', '/Patient?name:missing=true', 'mine also'],
    ['leak through an empty page', '/Patient?_id=hidden', ''],
  ];
  for (const [name, query, expected] of searches) {
    it(name, async () => expect(await ids(query)).to.equal(expected));
  }

  it('leak through _sort order of many', async () => {
    const [first, last] = [{ active: false, name: [{ family: 'A' }] }, { active: false }];
    const many = Array.from({ length: 1001 }, (_, at) => ({ active: true, name: [{ family: `M${1000 + at}` }] }));
    const entry = [first, ...many, last].map((practitioner) => ({
      request: { method: 'POST', url: 'Practitioner' },
      resource: { resourceType: 'Practitioner', gender: 'female', ...practitioner },
    }));
    const json = { resourceType: 'Bundle', type: 'transaction', entry };
    expect((await api.request('POST', '/', { as: asRoot, json })).status).to.equal(200);
    await rows('practitioners', { resource: 'Practitioner', criteria: 'active=true' });
    for (const sort of ['name', 'given', '-given', 'name,_id', 'given,name', '_lastUpdated']) {
      for (const own of ['', 'gender=female&']) {
        const { text } = await ask('GET', `/Practitioner?${own}_sort=${sort}&_count=2`);
        expect(text.match(/"active":\w+/g), `${own}_sort=${sort}`).to.eql(['"active":true', '"active":true']);
      }
    }
  });

  it('leak through _total and _summary=count', async () => {
    for (const query of ['_summary=count', '_total=accurate', '_count=0', '_count=1', '_sort=birthdate&_count=1']) {
      expect((await ask('GET', `/Patient?${query}`)).at('total'), query).to.equal(2);
      expect((await ask('GET', `/Patient?gender=male&${query}`)).at('total'), query).to.equal(1);
      // Here the caller's criterion drives the query, and the policy filters its result.
      expect((await ask('GET', `/Patient?_id=hidden,mine,also&${query}`)).at('total'), query).to.equal(2);
    }
  });

  it('leak through a paging cursor of another principal', async () => {
    for (const sort of ['', '_sort=birthdate&', '_sort=-birthdate,gender&']) {
      let page = await api.request('GET', `/Patient?${sort}_count=1`, { as: asRoot });
      for (;;) {
        const next = (page.list('link') as { relation: string; url: string }[]).find((one) => one.relation === 'next');
        if (!next) break;
        const path = next.url.slice(api.issuer.length);
        expect((await ask('GET', path)).text, path).to.not.include('"id":"hidden"');
        page = await api.request('GET', path, { as: asRoot });
      }
    }
  });

  it('leak through history and vread: a version is shown only where it is itself among the rows', async () => {
    await api.put('/Patient/moved', { ...OTHER, gender: 'male' });
    await api.put('/Patient/moved', { ...OWN, gender: 'female' });
    await api.put('/Patient/moved', { ...OTHER, gender: 'other' });
    await api.remove('/Patient/moved');
    const versions = async (path: string) => {
      const reply = await ask('GET', path);
      const entries = reply.list('entry') as { fullUrl: string; response: { etag: string } }[];
      const shown = entries.map(({ fullUrl, response }) => `${fullUrl.split('/').at(-1)} ${response.etag}`);
      return { status: reply.status, total: reply.at('total'), shown };
    };
    expect(await versions('/Patient/moved/_history')).to.eql({ status: 200, total: 1, shown: ['moved W/"2"'] });
    for (const [versionId, status] of [404, 200, 404, 404].entries()) {
      const path = `/Patient/moved/_history/${versionId + 1}`;
      expect((await ask('GET', path)).status, path).to.equal(status);
    }
    const all = await versions('/Patient/_history?_count=50');
    expect(all.shown).to.have.members(['mine W/"1"', 'also W/"1"', 'moved W/"2"']);
    expect(all.total).to.equal(3);
    expect((await versions('/Patient/hidden/_history')).status).to.equal(404);
    expect((await versions('/Patient/hidden/_history?_since=2100-01-01T00:00:00Z')).status).to.equal(404);
    expect(await versions('/Patient/mine/_history?_since=2100-01-01T00:00:00Z')).to.include({ status: 200, total: 0 });
    expect((await ask('GET', '/Patient/moved')).status).to.equal(404);
  });

  it('a deleted row is gone for those who saw it last, and never was for others', async () => {
    await api.put('/Patient/gone', OWN);
    await api.remove('/Patient/gone');
    await api.put('/Patient/lost', OTHER);
    await api.remove('/Patient/lost');
    for (const [id, status] of [
      ['gone', 410],
      ['lost', 404],
      ['never', 404],
    ] as const) {
      for (const method of ['GET', 'HEAD']) expect((await ask(method, `/Patient/${id}`)).status, id).to.equal(status);
      expect((await ask('DELETE', `/Patient/${id}`)).status, id).to.equal(status === 410 ? 204 : 403);
    }
  });

  it('403 that tells whether a thing exists: every answer is the same for a hidden row and for none', async () => {
    const requests: [method: string, status: number, options?: RequestOptions][] = [
      ['GET', 404],
      ['HEAD', 404],
      ['GET', 404, { headers: { 'if-none-match': 'W/"1"' } }],
      ['PUT', 403, { json: OWN }],
      ['PUT', 403, { json: OTHER }],
      ['PUT', 403, { json: OWN, headers: { 'if-match': 'W/"1"' } }],
      ['PUT', 403, { json: OWN, headers: { 'if-match': 'W/"7"' } }],
      ['PUT', 403, { json: OWN, headers: { 'if-none-match': '*' } }],
      ['PUT', 422, { json: { ...OWN, gender: 'x' } }],
      ['PATCH', 404, { headers: MERGE, body: '{"gender":"other"}' }],
      ['PATCH', 404, { headers: { 'content-type': 'application/json-patch+json' }, body: '[]' }],
      ['DELETE', 403],
      ['DELETE', 403, { headers: { 'if-match': 'W/"1"' } }],
    ];
    for (const [method, status, options] of requests) {
      const [hidden, none] = [
        await ask(method, '/Patient/hidden', options),
        await ask(method, '/Patient/none', options),
      ];
      const told = `${method} ${JSON.stringify(options)}`;
      expect([hidden.status, none.status], told).to.eql([status, status]);
      expect(hidden.text.replaceAll('hidden', 'none'), told).to.equal(none.text);
      const comparable = ({
        date: _date,
        'x-request-id': _id,
        'content-length': _length,
        ...rest
      }: object & Record<string, unknown>) => rest;
      expect(comparable({ ...hidden.headers }), told).to.eql(comparable({ ...none.headers }));
    }
    const { status, text } = await api.request('GET', '/Patient/hidden', { as: asRoot });
    expect(status, text).to.equal(200);
    expect((await api.request('GET', '/Patient/none', { as: asRoot })).status).to.equal(404);
  });

  it('conditional update or delete touching what may not be seen', async () => {
    const untouched = async () => (await api.request('GET', '/Patient/hidden', { as: asRoot })).header('etag');
    const etag = await untouched();
    const hidden = 'birthdate=1970-01-01';
    const status = async (method: string, path: string, options?: RequestOptions) =>
      (await ask(method, path, options)).status;
    expect(await status('DELETE', `/Patient?${hidden}`)).to.equal(204);
    expect(await status('PATCH', `/Patient?${hidden}`, { headers: MERGE, body: '{"gender":"other"}' })).to.equal(404);
    expect(await status('PUT', `/Patient?${hidden}`, { json: { ...OWN, id: 'hidden' } })).to.equal(403);
    expect(await status('PUT', `/Patient?${hidden}`, { json: { ...OWN, id: 'none' } })).to.equal(403);
    const made = await ask('POST', '/Patient', { json: OWN, headers: { 'if-none-exist': hidden } });
    expect(made.status, 'what is hidden does not exist').to.equal(201);
    await api.remove(`/Patient/${made.string('id')}`);
    expect(await status('DELETE', '/Patient?gender=male,female'), 'both that are seen').to.equal(412);
    for (const query of ['', '?_id:missing=false']) {
      const refused = await ask('DELETE', `/Patient${query}`);
      const why = 'neither the rows nor what all meet is a criterion';
      expect([refused.status, refused.at('issue.0.code')], why).to.eql([412, 'conflict']);
    }
    expect(await untouched()).to.equal(etag);
  });

  it('a write must be among the rows before and after', async () => {
    const status = async (method: string, path: string, options: RequestOptions) =>
      (await ask(method, path, options)).status;
    expect(await status('POST', '/Patient', { json: OTHER })).to.equal(403);
    expect(await status('PUT', '/Patient/mine', { json: OTHER })).to.equal(403);
    const body = JSON.stringify({ managingOrganization: null });
    expect(await status('PATCH', '/Patient/mine', { headers: MERGE, body })).to.equal(403);
    expect((await ask('GET', '/Patient/mine')).header('etag')).to.equal('W/"1"');
    expect(
      await status('PUT', '/Patient/mine', { json: { ...OWN, gender: 'other', birthDate: '1980-01-01' } }),
    ).to.equal(200);
  });

  it('Bundle entry skipping the policy: rows hold for each entry, and a transaction for all or none', async () => {
    const bundle = (type: string, ...entry: object[]) =>
      ask('POST', '/', { json: { resourceType: 'Bundle', type, entry } });
    const put = (id: string, resource: object) => ({
      request: { method: 'PUT', url: `Patient/${id}` },
      resource: { resourceType: 'Patient', ...resource },
    });
    const get = (url: string) => ({ request: { method: 'GET', url } });
    const told = await bundle('batch', get('Patient/hidden'), get('Patient/hidden/_history'), put('hidden', OWN));
    const statuses = (told.list('entry') as { response: { status: string } }[]).map(({ response }) => response.status);
    expect(statuses).to.eql(['404', '404', '403']);
    const reads = await bundle('transaction', get('Patient?_include=Patient:link&_summary=count'));
    expect(reads.at('entry.0.resource.total')).to.equal(2);
    const mine = { ...OWN, gender: 'unknown', birthDate: '1980-01-01' };
    for (const other of [put('hidden', OWN), put('none', OWN), put('also', OTHER)]) {
      expect((await bundle('transaction', put('mine', mine), other)).status).to.equal(403);
    }
    const reference = { managingOrganization: { reference: 'Organization?name=other' } };
    expect((await bundle('transaction', put('mine', reference))).status, 'what is hidden is not found').to.equal(412);
    expect((await ask('GET', '/Patient/mine')).at('gender')).to.equal('other');
  });

  it('a row that its criteria let see because of itself must stay so', async () => {
    const self = [{ type: 'refer', other: { reference: 'Patient/self' } }];
    await api.put('/Patient/self', { gender: 'female', link: self });
    await rows('self', { resource: 'Patient', criteria: 'link:Patient.gender=female' });
    const put = async (gender: string) =>
      (await ask('PUT', '/Patient/self', { json: { gender, link: self, active: true } })).status;
    expect(await put('male')).to.equal(403);
    expect(await put('female')).to.equal(200);
    await api.remove('/AccessPolicy/self');
    await api.remove('/Patient/self');
  });

  it('a write that races the row being hidden never lands behind that', async () => {
    for (let round = 0; round < 5; round += 1) {
      const path = `/Patient/raced-${round}`;
      await api.put(path, OWN);
      const writes = Array.from({ length: 12 }, (_, at) => {
        if (at === 6) return api.request('PUT', path, { as: asRoot, json: OTHER });
        return ask('PUT', path, { json: { ...OWN, multipleBirthInteger: at } });
      });
      const replies = await Promise.all(writes);
      for (const { status } of replies) expect(status).to.be.oneOf([200, 403]);
      const last = await api.request('GET', path, { as: asRoot });
      expect(last.at('managingOrganization')).to.eql(OTHER.managingOrganization);
      const shown = await ask('GET', `${path}/_history?_count=50`);
      const written = replies.filter(({ status }) => status === 200).length;
      expect(shown.at('total'), 'what was answered 200 is there').to.equal(written);
    }
  });

  it('a policy that is gone shows nothing any more, and rows that come are shown', async () => {
    await api.put('/Organization/other', { name: 'other', active: true });
    expect(await ids('/Organization')).to.equal('own');
    await rows('organizations', { resource: 'Organization', criteria: '_id=own,other' });
    expect(await ids('/Organization')).to.equal('own other');
    await api.remove('/AccessPolicy/organizations');
    expect((await ask('GET', '/Organization')).status).to.equal(403);
    expect(await ids('/Patient?_id=mine&_include=*'), 'what may not be searched is left out').to.equal('mine');
    expect((await ask('GET', '/Patient?organization.name=own')).status).to.equal(403);
  });

  it('leak through _total and _summary=count: of a page that the caller’s own criterion gathers', async () => {
    const name = [{ family: 'Counted' }];
    for (const [at, organization] of [OWN, OWN, OTHER].entries()) {
      await api.put(`/Patient/counted-${at}`, { ...organization, name });
    }
    expect((await ask('GET', '/Patient?name:contains=ounted&_count=1')).at('total')).to.equal(2);
  });
});
