/** Policies by address and parameters judge what is done, however the address is written. */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { entry, send, statuses } from '../../interactions/bundles.ts';
import { openRaw } from '../../server/raw.ts';
import { type Api, startApi } from './api.ts';

const SECRET = 'app-secret';

describe('judged addresses', () => {
  let api: Api;
  let bearer: string;
  before(async () => {
    api = await startApi();
    await api.put('/Client/app', { secret: SECRET, grant_types: ['client_credentials'] });
    await api.put('/Group/own', { type: 'person', actual: true, identifier: [{ value: 'own' }] });
    await api.put('/Group/other', { type: 'person', actual: true, identifier: [{ value: 'other' }], name: 'theirs' });
    const link = [{ reference: 'Client/app' }];
    const policies: [id: string, policy: object][] = [
      ['own', { engine: 'matcho', matcho: { operation: { id: 'Group.search' }, params: { identifier: 'own' } } }],
      ['named', { engine: 'json-schema', schema: named('^own') }],
      ['not-other', { engine: 'json-schema', schema: notTitled({ not: { enum: ['other'] } }) }],
      ['not-theirs', { engine: 'json-schema', schema: notTitled({ not: { const: 'theirs' } }, 'family') }],
      [
        'not-coded',
        { engine: 'matcho', matcho: { operation: { id: 'Basic.search' }, params: { code: { $not: 'other' } } } },
      ],
      ['measured', { engine: 'json-schema', schema: measured }],
      [
        'known',
        {
          engine: 'matcho',
          matcho: { operation: { id: '#(Client|User)[.]search' }, params: { email: 'not-blank?' } },
        },
      ],
      ['own-gone', { engine: 'matcho', matcho: { operation: { id: 'Group.delete' }, params: { identifier: 'own' } } }],
      [
        'counted',
        { engine: 'json-schema', schema: counted({ operation: 'Device.search', parameter: '_summary', is: 'count' }) },
      ],
      [
        'open',
        {
          engine: 'matcho',
          matcho: { 'request-method': 'get', uri: { $not: '#/(Client|User|Group|Library|Practitioner|Basic)(/.*)?' } },
        },
      ],
    ];
    for (const [id, policy] of policies) await api.put(`/AccessPolicy/${id}`, { ...policy, link });
    const form = { grant_type: 'client_credentials', client_id: 'app', client_secret: SECRET };
    bearer = (await api.granted(form)).string('access_token');
  });
  after(() => api.stop());

  function counted({ operation, parameter, is }: Record<'operation' | 'parameter' | 'is', string>): object {
    return {
      required: ['operation', 'params'],
      properties: {
        operation: { properties: { id: { const: operation } } },
        params: { required: [parameter], properties: { [parameter]: { const: is } } },
      },
    };
  }

  const named = (pattern: string) => ({
    required: ['operation', 'params'],
    properties: {
      operation: { properties: { id: { const: 'Client.search' } } },
      params: { required: ['name'], properties: { name: { pattern } } },
    },
  });

  const notTitled = (title: object, name = 'title') => ({
    required: ['operation', 'params'],
    properties: {
      operation: { properties: { id: { const: name === 'title' ? 'Library.search' : 'Practitioner.search' } } },
      params: { required: [name], properties: { [name]: title } },
    },
  });

  const measured = {
    required: ['operation', 'params'],
    properties: {
      operation: { properties: { id: { const: 'User.search' } } },
      params: { required: ['username'], properties: { username: { minLength: 3 } } },
    },
  };

  const ask = (method: string, path: string, options: object = {}) =>
    api.request(method, path, { as: { bearer }, ...options });

  /** The status of a request whose address is sent as it stands. */
  async function statusOf(method: string, target: string, ...headers: string[]): Promise<number> {
    const { port } = new URL(api.url);
    const connection = await openRaw(Number(port));
    const lines = [`${method} ${target} HTTP/1.1`, 'Host: localhost', `Authorization: Bearer ${bearer}`, ...headers];
    connection.send([...lines, 'Connection: close', '', ''].join('\r\n'));
    return Number((await connection.rest()).slice('HTTP/1.1 '.length, 'HTTP/1.1 200'.length));
  }

  it('what is permitted passes, and what is not is 403', async () => {
    expect((await ask('GET', '/Group?identifier=own')).at('total')).to.equal(1);
    expect((await ask('GET', '/Device?_summary=count')).status).to.equal(200);
    expect((await ask('GET', '/Patient')).status).to.equal(200);
    for (const path of ['/Group', '/Group?identifier=other', '/Client', '/User', '/fhir/Client/app']) {
      expect((await ask('GET', path)).status, path).to.equal(403);
    }
    expect((await ask('POST', '/Device/_search', { form: {} })).status).to.equal(403);
  });

  it('a request has one Host header', async () => {
    expect(await statusOf('GET', '/Patient', 'Host: localhost')).to.equal(400);
    expect(await statusOf('GET', '/Patient', 'X-Host: localhost')).to.equal(200);
  });

  it('an address that is read in two ways: a second question mark belongs to a name', async () => {
    const lenient = { headers: { prefer: 'handling=lenient' } };
    for (const path of ['/Group??identifier=own', '/Group?%3Fidentifier=own', '/fhir/Group??identifier=own']) {
      expect((await ask('GET', path, lenient)).status, path).to.equal(403);
      const batch = await send(api, 'batch', [entry(`GET ${path.replace('/fhir', '')}`)], {
        as: { bearer },
        ...lenient,
      });
      expect(statuses(batch), batch.text).to.deep.equal(['403']);
    }
    expect((await ask('DELETE', '/Group/other??identifier=own')).status).to.equal(403);
  });

  it('an address that is read in two ways: one with a fragment is 400, and does nothing', async () => {
    const requests: [method: string, target: string][] = [
      ['GET', '/Group#?identifier=own'],
      ['POST', '/Group/_search#?identifier=own'],
      ['DELETE', '/Group?identifier=other#&identifier=own'],
      ['GET', '/Client#'],
      ['GET', '/auth/userinfo#x'],
      ['GET', 'http://localhost/Client#'],
    ];
    for (const [method, target] of requests) expect(await statusOf(method, target), target).to.equal(400);
    expect((await api.found('/Group?identifier=other')).length).to.equal(1);
  });

  it('an address that is read in two ways: an absolute one is judged by its path', async () => {
    for (const target of ['http://localhost/Client', 'http://x/fhir/Client/app', 'HTTP://x/User']) {
      expect(await statusOf('GET', target), target).to.equal(403);
    }
    expect(await statusOf('GET', 'http://localhost/Patient')).to.equal(200);
    expect(await statusOf('GET', 'http://localhost/Group?identifier=own')).to.equal(200);
  });

  it('a parameter that bounds nothing: without a value it is none', async () => {
    expect((await ask('GET', '/User?email=x')).at('total')).to.equal(0);
    for (const value of ['', ',', '%20', ',%20,', '%09']) {
      expect((await ask('GET', `/User?email=${value}`)).status, value).to.equal(403);
      expect((await ask('POST', '/User/_search', { form: `email=${value}` })).status, value).to.equal(403);
      const batch = await send(api, 'batch', [entry(`GET User?email=${value}`)], { as: { bearer } });
      expect(statuses(batch), batch.text).to.deep.equal(['403']);
    }
  });

  it('a parameter that bounds nothing: one that lenient handling passes over is not judged by', async () => {
    const lenient = { headers: { prefer: 'handling=lenient' } };
    expect((await ask('GET', '/Client?email=x')).status).to.equal(400);
    expect((await ask('GET', '/User?email=x&colour=blue', lenient)).at('total')).to.equal(0);
    for (const path of ['/Client?email=x', '/Client?email=x&name=y', '/User?email:colour=x']) {
      const [type, query] = path.slice(1).split('?');
      expect((await ask('GET', path, lenient)).status, path).to.equal(403);
      expect((await ask('POST', `/${type}/_search`, { form: query, ...lenient })).status, path).to.equal(403);
      const batch = await send(api, 'batch', [entry(`GET ${path.slice(1)}`)], { as: { bearer }, ...lenient });
      expect(statuses(batch), batch.text).to.deep.equal(['403']);
    }
  });

  it('a parameter that bounds nothing: a criterion beside an id is not judged by', async () => {
    const by = ['identifier=own', 'identifier=own&_format=json', '_id=own&identifier=own'];
    for (const query of by) {
      for (const path of [`/Group/other?${query}`, `/fhir/Group/other?${query}`]) {
        expect((await ask('DELETE', path)).status, path).to.equal(403);
      }
      const batch = await send(api, 'batch', [entry(`DELETE Group/other?${query}`)], { as: { bearer } });
      expect(statuses(batch), batch.text).to.deep.equal(['403']);
    }
    const policy = { engine: 'matcho', link: [{ reference: 'Client/app' }] };
    const reads = { operation: { id: '#Group[.](v?read|update|patch)' } };
    await api.put('/AccessPolicy/tried', { ...policy, matcho: { ...reads, params: { identifier: 'own' } } });
    for (const path of ['/Group/other', '/Group/other/_history/1']) {
      expect((await ask('GET', `${path}?identifier=own`)).status, path).to.equal(403);
    }
    const json = { type: 'person', actual: true };
    expect((await ask('PUT', '/Group/other?identifier=own', { json })).status).to.equal(403);
    expect((await ask('PUT', '/Group/other?_has:List:item:_id=1&identifier:exact=own', { json })).status).to.equal(403);
    // What is none of a search is seen still: some policies go by a word of their own.
    await api.put('/AccessPolicy/tried', { ...policy, matcho: { ...reads, params: { purpose: 'TREAT' } } });
    expect((await ask('GET', '/Group/other?identifier=own&purpose=TREAT')).status).to.equal(200);
    await api.remove('/AccessPolicy/tried');
  });

  it('a parameter that repeats is not let pass by a pattern', async () => {
    expect((await ask('GET', '/Client?name=own')).status).to.equal(200);
    for (const query of ['name=app', 'name=app&name=app', 'name=own&name=app', 'name=own&name=own']) {
      expect((await ask('GET', `/Client?${query}`)).status, query).to.equal(403);
      expect((await ask('POST', '/Client/_search', { form: query })).status, query).to.equal(403);
    }
  });

  it('a parameter that repeats is not what a negation is about', async () => {
    for (const search of ['/Library?title=', '/Practitioner?family=', '/Basic?code=']) {
      expect((await ask('GET', `${search}own`)).status, search).to.equal(200);
      for (const value of ['other', 'theirs']) {
        const again = search.split('?')[1] ?? '';
        const { status } = await ask('GET', `${search}${value}&${again}${value}`);
        expect(status, `${search}${value}, twice`).to.equal(403);
      }
    }
  });

  it('a parameter that repeats has no length that a schema could ask for', async () => {
    expect((await ask('GET', '/User?username=own')).status).to.equal(200);
    for (const query of ['username=o', 'username=o&username=o', 'username=own&username=own']) {
      expect((await ask('GET', `/User?${query}`)).status, query).to.equal(403);
    }
  });

  it('a form of a search that says something else than its query', async () => {
    const search = (path: string, form: Record<string, string>) => ask('POST', path, { form });
    expect((await search('/Device/_search?_summary=count', { _summary: 'false' })).status).to.equal(403);
    expect((await search('/Group/_search?identifier=own', { identifier: 'other' })).status).to.equal(403);
    // Where the form alone says what is permitted, it is the same search.
    expect((await search('/Device/_search', { _summary: 'count' })).status).to.equal(200);
    expect((await search('/Group/_search', { identifier: 'own' })).at('total')).to.equal(1);
  });
});
