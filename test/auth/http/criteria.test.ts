/** The policy engine `criteria`: what it refuses to be, what it binds, and what it never lets anyone write. */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import type { Identity } from '../../harness/http.ts';
import { asRoot } from '../../harness/server.ts';
import { type Api, startApi } from './api.ts';

const APP = { client_id: 'app', client_secret: 'app-secret' };
const PASSWORD = 'correct-horse';

describe('policy engine criteria', () => {
  let api: Api;
  let ann: Identity;
  const link = [{ reference: 'User/ann' }];
  const policy = (id: string, json: object) => api.put(`/AccessPolicy/${id}`, { link, engine: 'criteria', ...json });
  const knows = (data: object, rest: object = {}) => api.put('/User/ann', { userName: 'ann', data, ...rest });
  const seen = async (query = '/Patient'): Promise<string> => {
    const reply = await api.request('GET', query, { as: ann });
    expect(reply.status, reply.text).to.equal(200);
    const ids = reply.list('entry').map((entry) => (entry as { resource: { id: string } }).resource.id);
    expect(reply.at('total')).to.equal(ids.length);
    return ids.sort().join(' ');
  };

  before(async () => {
    api = await startApi();
    await api.put('/Client/app', { secret: APP.client_secret, grant_types: ['password'], details: { org: 'b' } });
    await api.put('/User/ann', { userName: 'ann', password: PASSWORD });
    const granted = await api.granted({ ...APP, grant_type: 'password', username: 'ann', password: PASSWORD });
    ann = { bearer: granted.string('access_token') };
    const patient = (id: string, organization: string, rest: object) =>
      api.put(`/Patient/${id}`, { managingOrganization: { reference: `Organization/${organization}` }, ...rest });
    await patient('1', 'a', { gender: 'female', birthDate: '1990-01-01', identifier: [{ system: 's', value: 'x,y' }] });
    await patient('2', 'a', { gender: 'male', birthDate: '2010-01-01', identifier: [{ system: 's', value: 'x' }] });
    await patient('3', 'b', { gender: 'female', name: [{ family: 'george' }], identifier: [{ value: 's|x' }] });
    await api.put('/Patient/4', { gender: 'male', identifier: [{ value: 'a$b' }, { value: 'back\\slash' }] });
  });
  after(() => api.stop());

  const refused: [why: string, policy: object, place: string][] = [
    ['no type', { criteria: 'gender=female' }, 'resource'],
    ['a type that there is not', { resource: 'Nothing', criteria: 'gender=female' }, 'resource'],
    ['no criteria', { resource: 'Patient' }, 'criteria'],
    ['empty criteria', { resource: 'Patient', criteria: '&' }, 'criteria'],
    ['a parameter without a value', { resource: 'Patient', criteria: 'gender=' }, 'criteria'],
    ['a value of commas', { resource: 'Patient', criteria: 'gender=,' }, 'criteria'],
    ['one of several without a value', { resource: 'Patient', criteria: 'gender=female&name=' }, 'criteria'],
    ['criteria that narrow nothing', { resource: 'Patient', criteria: '_id:missing=false' }, 'criteria'],
    ['an unknown parameter', { resource: 'Patient', criteria: 'colour=red' }, 'criteria'],
    ['an unknown modifier', { resource: 'Patient', criteria: 'gender:above=female' }, 'criteria'],
    ['a parameter of the answer', { resource: 'Patient', criteria: '_sort=name' }, 'criteria'],
    ['an include', { resource: 'Patient', criteria: '_include=Patient:organization' }, 'criteria'],
    ['a bad date', { resource: 'Patient', criteria: 'birthdate=yesterday' }, 'criteria'],
    ['a secret', { resource: 'User', criteria: 'password=x' }, 'criteria'],
    ['an address', { resource: 'Patient', criteria: 'Patient?gender=female' }, 'criteria'],
    ['a place for the request', { resource: 'Patient', criteria: '_id={{params.id}}' }, 'criteria'],
    ['a place for the token', { resource: 'Patient', criteria: '_id={{jwt.patient}}' }, 'criteria'],
    ['a place for the body', { resource: 'Patient', criteria: '_id={{body.id}}' }, 'criteria'],
    ['a place for a whole user', { resource: 'Patient', criteria: '_id={{user}}' }, 'criteria'],
    ['an empty place', { resource: 'Patient', criteria: '_id={{}}' }, 'criteria'],
    ['a place that does not end', { resource: 'Patient', criteria: '_id={{user.id' }, 'criteria'],
    ['a place in a name', { resource: 'Patient', criteria: '{{user.data.name}}=x' }, 'criteria'],
    ['a backslash before a place', { resource: 'Patient', criteria: '_id=\\{{user.id}}' }, 'criteria'],
    ['no interaction', { resource: 'Patient', criteria: 'gender=female', interaction: [] }, 'interaction'],
    ['an unknown one', { resource: 'Patient', criteria: 'gender=female', interaction: ['all'] }, 'interaction'],
    ['$validate', { resource: 'Patient', criteria: 'gender=female', interaction: ['validate'] }, 'interaction'],
    ['writing a Client', { resource: 'Client', criteria: '_id=app', interaction: ['update'] }, 'interaction'],
    ['writing policies', { resource: 'AccessPolicy', criteria: '_id=p', interaction: ['create'] }, 'interaction'],
    ['another engine', { engine: 'allow', criteria: 'gender=female' }, 'criteria'],
    [
      'another engine within',
      { engine: 'complex', criteria: undefined, or: [{ engine: 'allow', criteria: 'a=b' }] },
      'or[0].criteria',
    ],
  ];
  for (const [why, json, place] of refused) {
    it(`${why}: 422 when it is written`, async () => {
      const written = { as: asRoot, json: { engine: 'criteria', ...json } };
      const reply = await api.request('PUT', '/AccessPolicy/refused', written);
      expect(reply.status, reply.text).to.equal(422);
      expect(reply.at('issue.0.expression.0')).to.equal(`AccessPolicy.${place}`);
      expect((await api.request('GET', '/AccessPolicy/refused', { as: asRoot })).status).to.equal(404);
    });
  }

  const bound: [why: string, criteria: string, data: object, expected: string][] = [
    ['a value', 'organization=Organization/{{user.data.org}}', { org: 'a' }, '1 2'],
    ['a value with spaces around its path', 'organization=Organization/{{ user.data.org }}', { org: 'a' }, '1 2'],
    ['a whole reference', 'organization={{user.data.org}}', { org: 'Organization/b' }, '3'],
    ['a path of the Client', 'organization=Organization/{{client.details.org}}', {}, '3'],
    ['a boolean', 'organization:missing=false&gender={{user.data.female}}', { female: true }, ''],
    ['a number', '_id={{user.data.id}}', { id: 3 }, '3'],
    ['an item of a list', '_id={{user.data.ids.1}}', { ids: ['1', '2'] }, '2'],
    ['two values', '_id={{user.data.a}},{{user.data.b}}', { a: '1', b: '4' }, '1 4'],
    ['a date behind a prefix', 'birthdate=ge{{user.data.day}}', { day: '2000-01-01' }, '2'],
    ['a name that starts like a prefix', 'name={{user.data.name}}', { name: 'george' }, '3'],
    ['a comma', 'identifier={{user.data.id}}', { id: 'x,y' }, '1'],
    ['a comma that would be an alternative', '_id={{user.data.id}}', { id: '1,2' }, ''],
    ['a comma in a reference', 'organization=Organization/{{user.data.org}}', { org: 'b,Organization/a' }, ''],
    ['a bar', 'identifier={{user.data.id}}', { id: 's|x' }, '3'],
    ['a bar that would end a system', 'identifier={{user.data.id}}', { id: 's|' }, ''],
    ['a dollar', 'identifier={{user.data.id}}', { id: 'a$b' }, '4'],
    ['a backslash', 'identifier={{user.data.id}}', { id: 'back\\slash' }, '4'],
    ['a backslash that would escape what follows', '_id={{user.data.id}},2', { id: '1\\' }, '2'],
    ['a backslash before a comma', '_id={{user.data.id}}', { id: '1\\,2' }, ''],
    ['a prefix', 'birthdate={{user.data.day}}', { day: 'ge1900' }, ''],
    ['a prefix behind another', 'birthdate=eq{{user.data.day}}', { day: 'ge1900' }, ''],
    ['a prefix behind a space', 'birthdate={{user.data.day}}', { day: ' ge1900' }, ''],
    ['a prefix of the time of change', '_lastUpdated={{user.data.day}}', { day: 'gt2000' }, ''],
    ['another parameter', '_id={{user.data.id}}', { id: '1&gender=male' }, ''],
    ['a place in a place', '_id={{user.data.id}}', { id: '{{user.data.other}}', other: '1' }, ''],
    ['a wildcard', 'name:contains={{user.data.name}}', { name: '%' }, ''],
    ['SQL', 'identifier={{user.data.id}}', { id: "' OR 1=1 --" }, ''],
    ['nothing', 'organization=Organization/{{user.data.org}}', {}, 'none'],
    ['nothing on the way', 'organization=Organization/{{user.data.org.id}}', { org: 'a' }, 'none'],
    ['an empty text', 'name={{user.data.name}}', { name: '' }, 'none'],
    ['white space', 'identifier={{user.data.id}}', { id: ' \t' }, 'none'],
    ['white space beside a good value', '_id=1,{{user.data.id}}', { id: ' ' }, 'none'],
    ['null', '_id={{user.data.id}}', { id: null }, 'none'],
    ['a list', '_id={{user.data.id}}', { id: ['1', '2'] }, 'none'],
    ['an object', '_id={{user.data.id}}', { id: { toString: '1' } }, 'none'],
    ['what every object has', '_id={{user.data.constructor}}', {}, 'none'],
    ['one of two that is missing', '_id={{user.data.a}},{{user.data.b}}', { a: '1' }, 'none'],
  ];
  for (const [why, criteria, data, expected] of bound) {
    it(`${why} in a place: ${expected === '' ? 'no row' : expected}`, async () => {
      await knows(data);
      await policy('rows', { resource: 'Patient', criteria });
      const reply = await api.request('GET', '/Patient', { as: ann });
      // A value that cannot be meant may be no row or no permission: neither shows anything.
      if (expected === 'none' || (expected === '' && reply.status === 403)) expect(reply.status).to.equal(403);
      else expect(await seen()).to.equal(expected);
      await api.remove('/AccessPolicy/rows');
    });
  }

  it('several policies show the rows of any, one that allows shows all', async () => {
    await knows({ org: 'b' });
    await policy('rows', { resource: 'Patient', criteria: 'gender=female&organization=Organization/a' });
    expect(await seen()).to.equal('1');
    await policy('more', { resource: 'Patient', criteria: 'organization=Organization/{{user.data.org}}' });
    expect(await seen()).to.equal('1 3');
    await api.put('/AccessPolicy/all', { link: [...link, { reference: 'Operation/Patient.search' }], engine: 'allow' });
    expect(await seen()).to.equal('1 2 3 4');
    expect((await api.request('GET', '/Patient/2', { as: ann })).status).to.equal(404);
    for (const id of ['all', 'more', 'rows']) await api.remove(`/AccessPolicy/${id}`);
  });

  it('within complex, and narrows by all and or by any', async () => {
    const rows = (criteria: string) => ({ engine: 'criteria', resource: 'Patient', criteria });
    const get = { engine: 'matcho', matcho: { 'request-method': 'get' } };
    await policy('rows', { engine: 'complex', and: [rows('gender=female'), get, rows('organization=Organization/a')] });
    expect(await seen()).to.equal('1');
    expect((await api.request('POST', '/Patient/_search', { as: ann, form: {} })).status).to.equal(403);
    await policy('rows', { engine: 'complex', or: [rows('gender=female'), rows('organization=Organization/a')] });
    expect(await seen()).to.equal('1 2 3');
    await policy('rows', { engine: 'complex', or: [rows('gender=female'), get] });
    expect(await seen()).to.equal('1 2 3 4');
    await api.remove('/AccessPolicy/rows');
  });

  it('an interaction that is not listed is not permitted', async () => {
    await policy('rows', { resource: 'Patient', criteria: 'gender=female', interaction: ['read'] });
    const status = async (method: string, path: string) => (await api.request(method, path, { as: ann })).status;
    expect(await status('GET', '/Patient/1')).to.equal(200);
    for (const [method, path] of [
      ['GET', '/Patient'],
      ['GET', '/Patient/1/_history'],
      ['GET', '/Patient/1/_history/1'],
      ['DELETE', '/Patient/1'],
      ['GET', '/Organization'],
      ['GET', '/User/ann'],
    ] as const) {
      expect(await status(method, path), `${method} ${path}`).to.equal(403);
    }
    await api.remove('/AccessPolicy/rows');
  });

  it('PUT /AccessPolicy, /Client, /User to raise oneself: criteria do not permit it', async () => {
    await knows({ org: 'b' }, { roles: [{ value: 'nurse' }] });
    await policy('self', { resource: 'User', criteria: '_id={{user.id}}' });
    await policy('client', { resource: 'Client', criteria: '_id=app,made' });
    await policy('policies', { resource: 'AccessPolicy', criteria: '_id=policies,made' });
    const self = { userName: 'ann', data: { org: 'b' }, roles: [{ value: 'nurse' }] };
    const put = async (path: string, json: object) => (await api.request('PUT', path, { as: ann, json })).status;
    expect(await put('/User/ann', { ...self, email: 'ann@example.com' })).to.equal(200);
    for (const change of [
      { roles: [{ value: 'admin' }] },
      { roles: undefined },
      { data: { org: 'a' } },
      { data: undefined },
      { fhirUser: { reference: 'Patient/2' } },
      { inactive: true },
      { inactive: false },
    ]) {
      expect(await put('/User/ann', { ...self, ...change }), JSON.stringify(change)).to.equal(403);
      const headers = { 'content-type': 'application/merge-patch+json' };
      const [name = ''] = Object.keys(change);
      const body = JSON.stringify({ [name]: Object.values(change)[0] ?? null });
      const patched = await api.request('PATCH', '/User/ann', { as: ann, headers, body });
      expect(patched.status, `PATCH ${body}`).to.equal(403);
    }
    for (const [path, json] of [
      ['/Client/app', { secret: 'mine' }],
      ['/Client/made', { secret: 'mine' }],
      ['/AccessPolicy/policies', { engine: 'allow' }],
      ['/AccessPolicy/made', { engine: 'allow' }],
    ] as const) {
      expect(await put(path, json), path).to.equal(403);
      expect((await api.request('DELETE', path, { as: ann })).status, path).to.equal(403);
      expect((await api.request('POST', path.replace(/\/\w+$/, ''), { as: ann, json })).status, path).to.equal(403);
    }
    expect((await api.request('GET', '/Client/app', { as: ann })).status).to.equal(200);
    for (const id of ['self', 'client', 'policies']) await api.remove(`/AccessPolicy/${id}`);
  });

  it('someone else’s Session listed or deleted: criteria show and end one’s own alone', async () => {
    await api.put('/User/bob', { password: PASSWORD });
    const other = await api.granted({ ...APP, grant_type: 'password', username: 'bob', password: PASSWORD });
    await policy('own', { resource: 'Session', criteria: 'user=User/{{user.id}}' });
    const reply = await api.request('GET', '/Session', { as: ann });
    expect(reply.list('entry')).to.have.length(1);
    expect(reply.at('entry.0.resource.user.reference')).to.equal('User/ann');
    const [session] = await api.found('/Session?user=User/bob');
    const id = String(session?.['id']);
    for (const [method, json] of [
      ['DELETE', undefined],
      ['PUT', { ...session, active: false }],
    ] as const) {
      expect((await api.request(method, `/Session/${id}`, { as: ann, json })).status).to.equal(403);
    }
    expect(await api.statusWith(other.string('access_token'), '/auth/userinfo')).to.equal(200);
    await api.remove('/AccessPolicy/own');
  });

  it('the anonymous see what a policy for everyone shows, and nothing that needs a user', async () => {
    await api.put('/AccessPolicy/open', { engine: 'criteria', resource: 'Patient', criteria: 'gender=male' });
    const anonymous = await api.request('GET', '/Patient?_summary=count');
    expect(anonymous.at('total')).to.equal(2);
    await api.put('/AccessPolicy/open', { engine: 'criteria', resource: 'Patient', criteria: '_id={{user.data.id}}' });
    expect((await api.request('GET', '/Patient')).status).to.equal(401);
    await api.remove('/AccessPolicy/open');
  });
});
