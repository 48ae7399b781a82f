/** Policies that look at what is stored, and at what a request need not have. */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import type { RequestOptions } from '../../harness/http.ts';
import { asRoot } from '../../harness/server.ts';
import { type Api, startApi } from './api.ts';

const schema = (json: object) => ({ engine: 'json-schema', schema: json });
const matcho = (pattern: object) => ({ engine: 'matcho', matcho: pattern });

/** Each is tried on patients who are female (`f`) and male (`m`); `+` where a policy lets it pass. */
const REQUESTS: [method: string, path: string, options?: RequestOptions][] = [
  ['GET', '/Patient/f'],
  ['GET', '/Patient/m'],
  ['GET', '/fhir/Patient/m'],
  ['HEAD', '/Patient/m'],
  ['GET', '/Patient/m/_history'],
  ['GET', '/Patient/m/_history/1'],
  ['PUT', '/Patient/m', { json: { gender: 'male', active: true } }],
  ['PATCH', '/Patient/m', { json: { active: false }, headers: { 'content-type': 'application/merge-patch+json' } }],
  ['DELETE', '/Patient/other-m'],
  // From here on there is no resource to look at.
  ['GET', '/Patient/none'],
  ['DELETE', '/Patient/none'],
  ['PUT', '/Patient/none-yet', { json: { gender: 'other' } }],
  ['GET', '/Patient'],
  ['GET', '/Patient/_history'],
  ['POST', '/Patient', { json: { gender: 'other' } }],
  ['DELETE', '/Patient?_id=m'],
];

const ROWS: [why: string, policy: object, passing: string][] = [
  ['matcho: what is stored', matcho({ resource: { gender: 'male' } }), '-++++++++-------'],
  ['matcho: what is stored, negated', matcho({ resource: { $not: { gender: 'female' } } }), '-++++++++-------'],
  ['matcho: a member of it, negated', matcho({ resource: { gender: { $not: 'female' } } }), '-++++++++-------'],
  ['matcho: all of it, negated', matcho({ $not: { resource: { gender: 'female' } } }), '-++++++++-------'],
  ['matcho: one of several', matcho({ resource: { gender: { $enum: ['male'] } } }), '-++++++++-------'],
  ['matcho: a path to it', matcho({ params: { 'resource/id': '.resource.id' } }), '+++++++++-------'],
  ['matcho: a path to it, negated', matcho({ body: { gender: { $not: '.resource.gender' } } }), '-------+--------'],
  ['matcho: the id, negated', matcho({ params: { 'resource/id': { $not: 'm' } } }), '+-------++++----'],
  ['matcho: that there is none', matcho({ resource: 'nil?' }), '---------+++++++'],
  ['matcho: that there is one', matcho({ resource: 'present?' }), '+++++++++-------'],
  [
    'matcho: a choice',
    matcho({ '$one-of': [{ 'request-method': 'post' }, { resource: { gender: 'female' } }] }),
    '+-------------+-',
  ],
  ['matcho: the body, negated', matcho({ body: { $not: { gender: 'male' } } }), '-------+---+--+-'],
  ['matcho: the user, negated', matcho({ user: { $not: { id: 'ada' } } }), '----------------'],
  [
    'json-schema: what is stored',
    schema({ required: ['resource'], properties: { resource: { properties: { gender: { const: 'male' } } } } }),
    '-++++++++-------',
  ],
  [
    'json-schema: what is stored, not required',
    schema({ properties: { resource: { properties: { gender: { const: 'male' } } } } }),
    '-++++++++-------',
  ],
  [
    'json-schema: what is stored, negated',
    schema({
      not: { required: ['resource'], properties: { resource: { properties: { gender: { const: 'female' } } } } },
    }),
    '-++++++++-------',
  ],
  [
    'json-schema: a choice of members that are required',
    schema({
      anyOf: [
        { required: ['user'], properties: { user: { properties: { id: { const: 'ada' } } } } },
        { required: ['resource'], properties: { resource: { properties: { gender: { const: 'female' } } } } },
      ],
    }),
    '+---------------',
  ],
  ['json-schema: that there is none', schema({ not: { required: ['resource'] } }), '---------+++++++'],
  [
    'json-schema: the body, not required',
    schema({ properties: { body: { properties: { gender: { const: 'male' } } } } }),
    '------++--------',
  ],
  [
    'json-schema: the user, not required',
    schema({ properties: { user: { properties: { id: { const: 'ada' } } } } }),
    '----------------',
  ],
  ['json-schema: what no request has', schema({ properties: { method: { const: 'get' } } }), '----------------'],
  [
    'complex: a choice',
    {
      engine: 'complex',
      or: [matcho({ 'request-method': 'post' }), matcho({ resource: { $not: { gender: 'female' } } })],
    },
    '-++++++++-----+-',
  ],
];

describe('the resource that policies see', () => {
  let api: Api;
  before(async () => {
    api = await startApi();
  });
  after(() => api.stop());

  for (const [why, policy, passing] of ROWS) {
    it(why, async () => {
      await api.put('/Patient/f', { gender: 'female' });
      await api.put('/Patient/m', { gender: 'male' });
      await api.put('/Patient/other-m', { gender: 'male' });
      await api.request('DELETE', '/Patient/none-yet', { as: asRoot });
      await api.put('/AccessPolicy/tried', policy);
      let passed = '';
      for (const [method, path, options] of REQUESTS) {
        const { status } = await api.request(method, path, options);
        expect(status, `${method} ${path}`).to.be.below(500);
        passed += status === 401 ? '-' : '+';
        await api.put('/Patient/m', { gender: 'male' });
      }
      expect(passed).to.equal(passing);
      await api.remove('/AccessPolicy/tried');
    });
  }

  describe('a write that races what a policy looks at', () => {
    const merge = { 'content-type': 'application/merge-patch+json' };
    const bundle = (type: string) => (api: Api, path: string) => {
      const resource = { resourceType: 'Patient', gender: 'male', active: true };
      const entry = [{ request: { method: 'PUT', url: path.slice(1) }, resource }];
      return api.request('POST', '/', { json: { resourceType: 'Bundle', type, entry } });
    };
    const ways: [name: string, ask: (api: Api, path: string) => Promise<unknown>][] = [
      ['PUT', (to, path) => to.request('PUT', path, { json: { gender: 'male', active: true } })],
      ['PATCH', (to, path) => to.request('PATCH', path, { headers: merge, body: '{"active":true}' })],
      ['DELETE', (to, path) => to.request('DELETE', path)],
      ['batch', bundle('batch')],
      ['transaction', bundle('transaction')],
    ];
    for (const [name, ask] of ways) {
      it(`${name}: it is judged anew, and never lands behind what it may not change`, async () => {
        await api.put('/AccessPolicy/tried', matcho({ resource: { gender: 'male' } }));
        for (let round = 0; round < 20; round += 1) {
          const path = `/Patient/${name}-${round}`;
          await api.put(path, { gender: 'male' });
          const others = api.request('PUT', path, { as: asRoot, json: { gender: 'female' } });
          await Promise.all(round % 2 === 0 ? [ask(api, path), others] : [others, ask(api, path), ask(api, path)]);
          const last = await api.request('GET', path, { as: asRoot });
          expect([last.status, last.at('gender')], path).to.eql([200, 'female']);
        }
        await api.remove('/AccessPolicy/tried');
      });
    }
  });

  it('a read that races what a policy looks at shows nothing of what that does not permit', async () => {
    const get = (url: string) => ({ request: { method: 'GET', url } });
    const create = {
      request: { method: 'POST', url: 'Basic' },
      resource: { resourceType: 'Basic', code: { text: 'a' } },
    };
    const bundle = (type: string, ...entry: object[]) => {
      return api.request('POST', '/', { json: { resourceType: 'Bundle', type, entry } });
    };
    await api.put('/AccessPolicy/tried', matcho({ resource: { gender: 'male' } }));
    await api.put('/AccessPolicy/bundles', matcho({ 'request-method': 'post', uri: '#^/(Basic)?$' }));
    const ways: [name: string, ask: (url: string) => ReturnType<Api['request']>][] = [
      ['read', (url) => api.request('GET', `/${url}`)],
      ['vread', (url) => api.request('GET', `/${url}/_history/2`)],
      ['history', (url) => api.request('GET', `/${url}/_history`)],
      ['everything', (url) => api.request('GET', `/${url}/$everything`)],
      ['batch', (url) => bundle('batch', get(url), get(`${url}/_history`))],
      ['transaction, read', (url) => bundle('transaction', create, get(url))],
      ['transaction, vread', (url) => bundle('transaction', create, get(`${url}/_history/2`))],
      ['transaction, history', (url) => bundle('transaction', create, get(`${url}/_history`))],
    ];
    const shown = new Set<string>();
    for (let round = 0; round < 8; round += 1) {
      const url = `Patient/seen-${round}`;
      await api.put(`/${url}`, { gender: 'male' });
      const write = api.request('PUT', `/${url}`, { as: asRoot, json: { gender: 'female' } });
      const read = ways.map(async ([name, ask]) => {
        if ((await ask(url)).text.includes('female')) shown.add(name);
      });
      await Promise.all([write, ...read]);
    }
    expect([...shown]).to.eql([]);

    const url = 'Patient/own';
    await api.put(`/${url}`, { gender: 'male' });
    const change = { request: { method: 'PUT', url }, resource: { resourceType: 'Patient', gender: 'other' } };
    const own = await bundle('transaction', change, get(url), get(`${url}/_history`));
    expect([own.status, own.at('entry.1.resource.gender'), own.at('entry.2.resource.total')]).to.eql([200, 'other', 2]);
    for (const id of ['tried', 'bundles']) await api.remove(`/AccessPolicy/${id}`);
  });

  it('holds no secret', async () => {
    await api.put('/Client/keeper', { secret: 'a-secret', name: 'Keeper' });
    await api.put('/AccessPolicy/tried', matcho({ resource: { name: 'Keeper', secret: 'nil?' } }));
    expect((await api.request('GET', '/Client/keeper')).status).to.equal(200);
    await api.put('/AccessPolicy/tried', matcho({ resource: { name: 'Keeper', secret: 'present?' } }));
    expect((await api.request('GET', '/Client/keeper')).status).to.equal(401);
    await api.remove('/AccessPolicy/tried');
  });
});
