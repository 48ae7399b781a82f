/** What OAuth and OpenID Connect answer is JSON of no other type, whatever FHIR's is asked for (RFC 6749 §5.1). */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import type { Reply } from '../../harness/http.ts';
import { asRoot } from '../../harness/server.ts';
import { type Api, startApi } from './api.ts';

const app = { client_id: 'app', client_secret: 'app-secret' };
const JSON_TYPE = 'application/json; charset=utf-8';
const JWK_SET = 'application/jwk-set+json';

type Ask = (headers: Record<string, string>, query?: string) => Promise<Reply>;

describe('media types of OAuth', () => {
  let api: Api;
  let bearer: string;
  before(async () => {
    api = await startApi();
    await api.put('/Client/app', { secret: app.client_secret, grant_types: ['client_credentials'] });
    bearer = (await api.granted({ grant_type: 'client_credentials', ...app })).string('access_token');
  });
  after(() => api.stop());

  const wellKnown = [
    ...['oauth-authorization-server', 'openid-configuration', 'smart-configuration', 'jwks.json'].map(
      (name) => `/.well-known/${name}`,
    ),
    '/fhir/.well-known/smart-configuration',
  ];
  const addresses: [name: string, ask: Ask][] = [
    [
      '/auth/token',
      (headers, query = '') =>
        api.request('POST', `/auth/token${query}`, { form: { grant_type: 'client_credentials', ...app }, headers }),
    ],
    [
      '/auth/introspect',
      (headers, query = '') =>
        api.request('POST', `/auth/introspect${query}`, { form: { token: bearer, ...app }, headers }),
    ],
    [
      '/auth/userinfo',
      (headers, query = '') => api.request('GET', `/auth/userinfo${query}`, { as: { bearer }, headers }),
    ],
    ...wellKnown.map((path): [string, Ask] => [
      path,
      (headers, query = '') => api.request('GET', `${path}${query}`, { headers }),
    ]),
  ];
  for (const [name, ask] of addresses) {
    it(`RFC 6749 §5.1: ${name} is application/json whatever FHIR type is asked for, and YAML on request`, async () => {
      for (const accept of ['application/fhir+json', 'application/fhir+json;q=0.9, application/json;q=0.8', '*/*']) {
        const reply = await ask({ accept });
        expect([reply.status, reply.header('content-type')], `${accept} ${reply.text}`).to.eql([200, JSON_TYPE]);
      }
      for (const format of ['json', 'application/fhir%2Bjson']) {
        const reply = await ask({}, `?_format=${format}`);
        expect([reply.status, reply.header('content-type')], format).to.eql([200, JSON_TYPE]);
      }
      const yaml = await ask({ accept: 'application/yaml' });
      expect([yaml.status, yaml.header('content-type')]).to.eql([200, 'application/yaml; charset=utf-8']);
    });
  }

  it('RFC 7517 §8.5.1: jwks.json alone is application/jwk-set+json, to whoever asks for that', async () => {
    const ask = (path: string, accept: string) => api.request('GET', path, { headers: { accept } });
    const set = await ask('/.well-known/jwks.json', JWK_SET);
    expect([set.status, set.header('content-type')]).to.eql([200, `${JWK_SET}; charset=utf-8`]);
    expect(set.list('keys')).to.have.length(1);
    const either = await ask('/.well-known/jwks.json', `application/json, ${JWK_SET}`);
    expect(either.header('content-type')).to.equal(JSON_TYPE);
    const refused = await ask('/.well-known/jwks.json', 'image/png');
    expect(refused.status).to.equal(406);
    expect(refused.string('issue.0.diagnostics')).to.include(JWK_SET);
    for (const path of ['/.well-known/openid-configuration', '/metadata']) {
      expect((await ask(path, JWK_SET)).status, path).to.equal(406);
    }
    const json = { resourceType: 'Patient' };
    const headers = { 'content-type': JWK_SET };
    const sent = await api.request('POST', '/Patient/$validate', {
      as: asRoot,
      body: JSON.stringify(json),
      headers,
    });
    expect(sent.status).to.equal(415);
  });
});
