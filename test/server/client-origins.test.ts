/** SMART App Launch 2, «Considerations for CORS support»: what scripts of which origins may read. */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { type Api, apiOf, startApi } from '../auth/http/api.ts';
import { DATABASE_KIND } from '../harness/database.ts';
import type { Reply } from '../harness/http.ts';
import { startClockedServer } from '../harness/in-process.ts';
import { preparedDatabase } from '../harness/prepared.ts';

const APP = 'https://app.example';
const CONFIGURED = 'https://configured.example';
const NEAR = [
  'https://evil.example',
  'https://app.example.evil.example',
  'https://sub.app.example',
  'http://app.example',
  'https://app.example:8443',
  'https://app.example/',
  'https://APP.example',
  'null',
  '*',
  '',
  '__proto__',
];
const DISCOVERY = [
  '/metadata',
  '/fhir/metadata',
  '/openapi.json',
  '/fhir/openapi.json',
  '/.well-known/smart-configuration',
  '/fhir/.well-known/smart-configuration',
  '/.well-known/oauth-authorization-server',
  '/.well-known/openid-configuration',
  '/.well-known/jwks.json',
];
const ENDPOINTS: [method: string, path: string, form?: Record<string, string>][] = [
  ['GET', '/Patient'],
  ['GET', '/fhir/Patient/none'],
  ['POST', '/auth/token', { grant_type: 'client_credentials', client_id: 'app', client_secret: 'app-secret' }],
  ['POST', '/auth/token', {}],
  ['POST', '/auth/revoke', { token: 'x', client_id: 'app', client_secret: 'app-secret' }],
  ['POST', '/auth/introspect', { token: 'x', client_id: 'app', client_secret: 'app-secret' }],
  ['GET', '/auth/userinfo'],
];
const CLIENT = { secret: 'app-secret', grant_types: ['client_credentials'], allowed_origins: [APP] };

const sent = (api: Api, origin: string, [method, path, form]: (typeof ENDPOINTS)[number]) =>
  api.request(method, path, { headers: { origin }, ...(form === undefined ? {} : { form }) });
const preflight = (api: Api, origin: string, path: string, method = 'GET') =>
  api.request('OPTIONS', path, {
    headers: {
      origin,
      'access-control-request-method': method,
      'access-control-request-headers': 'authorization,content-type',
    },
  });
const allowedOrigin = ({ headers }: Reply) => headers['access-control-allow-origin'];
const reads = async (api: Api, origin: string) => allowedOrigin(await sent(api, origin, ['GET', '/Patient']));

describe('server: origins of Clients', () => {
  let api: Api;
  before(async () => {
    api = await startApi({ CORS_ORIGINS: CONFIGURED });
    await api.put('/Client/app', CLIENT);
  });
  after(() => api.stop());

  for (const endpoint of ENDPOINTS) {
    const section = endpoint[1] === '/auth/revoke' ? 'RFC 7009 §2.3: ' : '';
    it(`${section}${endpoint[0]} ${endpoint[1]}: the app reads the answer, whatever it is`, async () => {
      for (const origin of [APP, CONFIGURED]) {
        const reply = await sent(api, origin, endpoint);
        expect(allowedOrigin(reply)).to.equal(origin);
        expect(reply.header('vary')).to.match(/\borigin\b/i);
        expect(reply.header('access-control-expose-headers')).to.include('WWW-Authenticate');
      }
      expect((await sent(api, APP, endpoint)).headers).to.not.have.property('access-control-allow-credentials');
    });

    it(`CORS origin echoed with credentials: ${endpoint[0]} ${endpoint[1]}: to no other origin`, async () => {
      for (const origin of NEAR) {
        for (const reply of [await sent(api, origin, endpoint), await preflight(api, origin, endpoint[1])]) {
          expect(Object.keys(reply.headers).filter((name) => name.startsWith('access-control'))).to.eql([]);
          expect(reply.header('vary'), origin).to.match(/\borigin\b/i);
        }
      }
    });

    it(`a preflight of ${endpoint[1]} allows Authorization, and needs no token`, async () => {
      const reply = await preflight(api, APP, endpoint[1], endpoint[0]);
      expect([reply.status, allowedOrigin(reply)]).to.eql([204, APP]);
      expect(reply.header('vary')).to.match(/\borigin\b/i);
      expect(reply.header('access-control-allow-methods').split(',')).to.include(endpoint[0]);
      expect(reply.header('access-control-allow-headers').split(',')).to.include.members([
        'Authorization',
        'Content-Type',
      ]);
      expect(reply.headers).to.not.have.property('access-control-allow-credentials');
    });
  }

  for (const path of DISCOVERY) {
    it(`${path} is read from any origin, and never with credentials`, async () => {
      for (const origin of [APP, CONFIGURED, ...NEAR]) {
        const replies = [await sent(api, origin, ['GET', path]), await preflight(api, origin, path)];
        expect(replies.map(({ status }) => status)).to.eql([200, 204]);
        expect(replies.map(allowedOrigin)).to.eql(['*', '*']);
        for (const { headers } of replies) expect(headers).to.not.have.property('access-control-allow-credentials');
      }
      // A cache may give what was read without an Origin to a script.
      expect(allowedOrigin(await api.request('GET', path))).to.equal('*');
    });
  }

  it('the pages for people are read by no script, of a registered origin neither', async () => {
    for (const path of ['/auth/authorize', '/auth/logout']) {
      expect(allowedOrigin(await sent(api, APP, ['GET', path]))).to.equal(undefined);
      expect(allowedOrigin(await preflight(api, APP, path))).to.equal(undefined);
    }
  });

  const changes: [what: string, change: () => Promise<unknown>, back: () => Promise<unknown>][] = [
    ['a deactivated client', () => api.put('/Client/app', { ...CLIENT, active: false }), () => restored()],
    ['a removed origin', () => api.put('/Client/app', { ...CLIENT, allowed_origins: [CONFIGURED] }), () => restored()],
    ['a deleted client', () => api.remove('/Client/app'), () => restored()],
  ];
  const restored = () => api.put('/Client/app', CLIENT);
  for (const [what, change, back] of changes) {
    it(`${what} opens nothing from the next request on`, async () => {
      expect(await reads(api, APP)).to.equal(APP);
      await change();
      expect(await reads(api, APP)).to.equal(undefined);
      expect(allowedOrigin(await preflight(api, APP, '/auth/token', 'POST'))).to.equal(undefined);
      await back();
      expect(await reads(api, APP)).to.equal(APP);
    });
  }

  it('an origin that several Clients list stays until the last of them is gone', async () => {
    const origin = 'capacitor://localhost';
    for (const id of ['one', 'two']) await api.put(`/Client/${id}`, { allowed_origins: [origin, 'http://[::1]:8080'] });
    for (const id of ['one', 'two']) {
      expect(await reads(api, origin)).to.equal(origin);
      await api.remove(`/Client/${id}`);
    }
    expect(await reads(api, origin)).to.equal(undefined);
  });

  it('is told of a server without CORS_ORIGINS, too', async () => {
    const bare = await startApi();
    expect(await reads(bare, APP)).to.equal(undefined);
    await bare.put('/Client/app', CLIENT);
    expect(await reads(bare, APP)).to.equal(APP);
    await bare.stop();
  });
});

if (DATABASE_KIND === 'postgres') {
  describe('server: origins of Clients on two nodes', () => {
    it('a change of a Client is followed at once by the other node', async () => {
      const database = await preparedDatabase();
      const start = async () => apiOf(await startClockedServer({ BASE_URL: 'http://ward.example' }, database), '');
      const nodes: [Api, Api] = [await start(), await start()];
      for (let at = 0; at < 20; at += 1) {
        const [told, other] = at % 4 < 2 ? nodes : [nodes[1], nodes[0]];
        await told.put('/Client/app', at % 2 === 0 ? CLIENT : { ...CLIENT, allowed_origins: [CONFIGURED] });
        for (const node of [other, told])
          expect(await reads(node, APP), `${at}`).to.equal(at % 2 === 0 ? APP : undefined);
      }
      for (const node of nodes) await node.stop();
      await database.drop();
    });
  });
}
