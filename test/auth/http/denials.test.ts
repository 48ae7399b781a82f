/** How a refusal looks, and that no other spelling of a request gets around it. */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import type { RequestOptions } from '../../harness/http.ts';
import { asRoot } from '../../harness/server.ts';
import { type Api, startApi } from './api.ts';

const SECRET = 'app-secret';

describe('denials', () => {
  let api: Api;
  let bearer: string;
  const as = () => ({ as: { bearer } });
  before(async () => {
    api = await startApi();
    await api.put('/Client/reader', { secret: SECRET, grant_types: ['client_credentials', 'basic'] });
    await api.put('/Client/no-basic', { secret: SECRET, grant_types: ['client_credentials'] });
    await api.put('/Patient/p1', { name: [{ family: 'Smith' }] });
    await api.put('/User/ann', { userName: 'ann', password: 'correct-horse' });
    await api.put('/AccessPolicy/reader', {
      engine: 'allow',
      link: [{ reference: 'Client/reader' }, { reference: 'Operation/Patient.read' }],
    });
    const form = { grant_type: 'client_credentials', client_id: 'reader', client_secret: SECRET };
    bearer = (await api.granted(form)).string('access_token');
  });
  after(() => api.stop());

  it('RFC 6750 §3: anonymous is 401 with a challenge and an OperationOutcome', async () => {
    const reply = await api.request('GET', '/Patient/p1');
    expect(reply.status).to.equal(401);
    expect(reply.header('www-authenticate')).to.equal('Bearer realm="ward"');
    expect(reply.at('issue.0.code')).to.equal('login');
  });

  it('RFC 6750 §3.1: a bad token is 401 with invalid_token', async () => {
    const reply = await api.request('GET', '/Patient/p1', { as: { bearer: 'x'.repeat(43) } });
    expect(reply.status).to.equal(401);
    expect(reply.header('www-authenticate')).to.equal('Bearer realm="ward", error="invalid_token"');
  });

  it('not permitted: 403, and no challenge', async () => {
    const reply = await api.request('DELETE', '/Patient/p1', as());
    expect(reply.status).to.equal(403);
    expect(reply.headers).to.not.have.property('www-authenticate');
    expect(reply.at('issue.0.code')).to.equal('forbidden');
    expect(reply.text).to.not.match(/AccessPolicy|policy|reader|p1/);
  });

  it('a type that is none with a body: 401 and 403 first', async () => {
    for (const [method, path] of [
      ['POST', '/Foo'],
      ['PUT', '/Foo/1'],
    ] as const) {
      const json = { resourceType: 'Patient' };
      expect((await api.request(method, path, { json })).status).to.equal(401);
      expect((await api.request(method, path, { ...as(), json })).status).to.equal(403);
      expect((await api.request(method, path, { as: asRoot, json })).status).to.equal(404);
    }
  });

  it('403 that tells whether a thing exists: the same text for what exists and what does not', async () => {
    const requests: [string, string, RequestOptions][] = [
      ['GET', '/User/ann', {}],
      ['GET', '/User/nobody', {}],
      ['DELETE', '/User/ann', {}],
      ['DELETE', '/User/nobody', {}],
      ['PUT', '/User/ann', { json: { userName: 'x' } }],
      ['PUT', '/User/nobody', { json: { userName: 'x' } }],
      ['PUT', '/User/ann', { json: { nonsense: true } }],
      ['GET', '/User/ann/_history', {}],
      ['GET', '/User/nobody/_history', {}],
      ['GET', '/User/ann/_history/1', {}],
      ['GET', '/User/ann/_history/99', {}],
      ['GET', '/User?username=ann', {}],
      ['GET', '/User?username=nobody', {}],
      ['PUT', '/User/ann', { json: { userName: 'x' }, headers: { 'if-match': 'W/"9"' } }],
    ];
    const answers = new Set<string>();
    for (const [method, path, init] of requests) {
      const reply = await api.request(method, path, { ...init, ...as() });
      answers.add(`${reply.status} ${reply.text} ${reply.header('etag')}${reply.header('last-modified')}`);
    }
    expect([...answers]).to.have.length(1);
    expect([...answers][0]).to.match(/^403 /);
  });

  it('a bad credential is 401 even where the anonymous may pass', async () => {
    await api.put('/AccessPolicy/public', { engine: 'allow', link: [{ reference: 'Operation/Patient.search' }] });
    expect((await api.request('GET', '/Patient')).status).to.equal(200);
    const bad: RequestOptions[] = [
      { as: { bearer: 'x' } },
      { as: { basic: ['reader', 'wrong'] } },
      { as: { basic: ['nobody', 'x'] } },
      { as: { basic: ['no-basic', SECRET] } },
      { headers: { authorization: 'Basic !!' } },
      { headers: { authorization: 'Digest x' } },
      { headers: { authorization: '' } },
      { headers: { authorization: Buffer.from(`reader:${SECRET}`).toString('base64') } },
    ];
    for (const init of bad) {
      const reply = await api.request('GET', '/Patient', init);
      expect(reply.status, JSON.stringify(init)).to.equal(401);
      expect(reply.header('www-authenticate')).to.not.equal('');
    }
    await api.remove('/AccessPolicy/public');
  });

  it('Basic on resources needs the grant basic', async () => {
    expect((await api.request('GET', '/Patient/p1', { as: { basic: ['reader', SECRET] } })).status).to.equal(200);
    const reply = await api.request('GET', '/Patient/p1', { as: { basic: ['no-basic', SECRET] } });
    expect(reply.status).to.equal(401);
    expect(reply.header('www-authenticate')).to.match(/^Basic /);
  });

  it('HEAD where GET is denied, and where it is not', async () => {
    expect((await api.request('HEAD', '/Patient/p1', as())).status).to.equal(200);
    for (const path of ['/Patient', '/User/ann', '/Client', '/Patient/p1/_history']) {
      expect((await api.request('HEAD', path, as())).status, path).to.equal(403);
      expect((await api.request('HEAD', path)).status, path).to.equal(401);
    }
    await api.put('/AccessPolicy/gets', {
      engine: 'matcho',
      matcho: { 'request-method': 'get' },
      link: [{ reference: 'Client/reader' }, { reference: 'Operation/User.read' }],
    });
    await api.put('/AccessPolicy/all-but-gets', {
      engine: 'json-schema',
      schema: { properties: { 'request-method': { not: { const: 'get' } } } },
      link: [{ reference: 'Client/reader' }, { reference: 'Operation/Client.read' }],
    });
    expect((await api.request('HEAD', '/Client/reader', as())).status, 'where GET alone is denied').to.equal(403);
    expect((await api.request('HEAD', '/User/ann', as())).status, 'where GET is permitted').to.equal(200);
    for (const id of ['gets', 'all-but-gets']) await api.remove(`/AccessPolicy/${id}`);
  });

  it('method override headers change nothing', async () => {
    for (const name of ['x-http-method-override', 'x-method-override', 'x-http-method']) {
      const headers = { [name]: 'DELETE', authorization: `Bearer ${bearer}` };
      expect((await api.request('GET', '/Patient/p1', { headers })).status).to.equal(200);
      expect((await api.request('POST', '/Patient/p1', { headers })).status).to.be.oneOf([403, 404, 405]);
      expect((await api.request('GET', '/Patient/p1?_method=DELETE', as())).status).to.be.oneOf([200, 400]);
    }
    expect((await api.request('GET', '/Patient/p1', { as: asRoot })).status).to.equal(200);
  });

  const DENIED = [401, 403, 404, 400, 405];
  for (const [why, paths] of Object.entries({
    'trailing slash': ['/User/ann/', '/User/', '/Client/reader/', '/Session/'],
    '//': ['//User/ann', '/User//ann', '///User', '//fhir/User/ann'],
    '%2f': ['/User%2fann', '/User%2Fann', '/%55ser/ann', '/User/%61nn', '/%2e/User/ann', '/Patient/..%2fUser%2fann'],
    '/fhir/ twin': ['/fhir/User/ann', '/fhir/User', '/fhir/fhir/User/ann', '/fhir//User/ann', '/FHIR/User/ann'],
    'case of the type': ['/user/ann', '/USER/ann', '/uSER', '/Patient/../User/ann', '/./User/ann'],
    'a dot or a semicolon': ['/User/ann;x=1', '/User.json', '/User/ann%00', '/User/ann%20', '/User\\ann'],
  })) {
    it(`${why}: no other spelling reaches what is denied`, async () => {
      for (const path of paths) {
        for (const init of [as(), {}]) {
          const reply = await api.request('GET', path, init);
          expect(reply.status, path).to.be.oneOf(DENIED);
          expect(reply.text).to.not.include('"userName"');
        }
      }
    });
  }

  it('the /fhir/ twin of what is permitted is permitted, by the same policy', async () => {
    expect((await api.request('GET', '/fhir/Patient/p1', as())).status).to.equal(200);
    await api.put('/AccessPolicy/uri', { engine: 'matcho', matcho: { uri: '/User/ann' } });
    expect((await api.request('GET', '/fhir/User/ann', as())).status).to.equal(200);
    expect((await api.request('GET', '/User/ann', as())).status).to.equal(200);
    await api.remove('/AccessPolicy/uri');
  });

  it('PUT /AccessPolicy, /Client, /User to raise oneself needs a policy', async () => {
    const writes: [method: string, path: string, json: object][] = [
      ['PUT', '/AccessPolicy/mine', { engine: 'allow', link: [{ reference: 'Client/reader' }] }],
      ['POST', '/AccessPolicy', { engine: 'allow' }],
      ['PUT', '/Client/reader', { grant_types: ['basic', 'password'], secret: 'x' }],
      ['PUT', '/Client/mine', { secret: 'x', grant_types: ['basic'] }],
      ['PUT', '/User/ann', { password: 'x' }],
      ['POST', '/User', { userName: 'mine', password: 'x', roles: [{ value: 'admin' }] }],
      ['PUT', '/Session/mine', { active: true }],
    ];
    for (const [method, path, json] of writes) {
      expect((await api.request(method, path, { json, ...as() })).status, path).to.equal(403);
      expect((await api.request(method, path, { json })).status, path).to.equal(401);
    }
    expect(await api.found('/AccessPolicy?_count=10')).to.have.length(2);
  });
});
