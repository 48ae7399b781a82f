/** What a Client may list: a mistake is told where it stands. */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { asRoot } from '../../harness/server.ts';
import { type Api, startApi } from './api.ts';

const CODE = 'Client.auth.authorization_code';
const code = (authorization_code: object) => ({ grant_types: ['authorization_code'], auth: { authorization_code } });

const REFUSED: [client: object, expressions: string[]][] = [
  [{ scope: ['a b'] }, ['Client.scope[0]']],
  [{ scope: ['ok', 'a"b', 'c\\d', 'é'] }, ['Client.scope[1]', 'Client.scope[2]', 'Client.scope[3]']],
  [{ scope: ['a\tb'] }, ['Client.scope[0]']],
  [{ allowed_origins: ['x'] }, ['Client.allowed_origins[0]']],
  [{ allowed_origins: ['https://a.example', 'https://a.example/'] }, ['Client.allowed_origins[1]']],
  [{ allowed_origins: ['https://a.example/app'] }, ['Client.allowed_origins[0]']],
  [{ allowed_origins: ['https://me@a.example'] }, ['Client.allowed_origins[0]']],
  [{ allowed_origins: ['https://a.example:99999'] }, ['Client.allowed_origins[0]']],
  [{ allowed_origins: ['*'] }, ['Client.allowed_origins[0]']],
  [{ allowed_origins: ['https://A.example'] }, ['Client.allowed_origins[0]']],
  [code({ redirect_uri: 'http://app.example/callback' }), [`${CODE}.redirect_uri`]],
  [code({ redirect_uris: ['https://a.example', 'https://a.example/#x'] }), [`${CODE}.redirect_uris[1]`]],
  [
    code({ redirect_uris: ['javascript:alert(1)', 'app:/x'] }),
    [`${CODE}.redirect_uris[0]`, `${CODE}.redirect_uris[1]`],
  ],
];

const STORED: object[] = [
  { scope: ['patient/*.read', 'launch/patient', 'user/Patient.rs?_security=http://a.example|b', "!#$%&'()[]~"] },
  code({ redirect_uri: 'https://a.example/callback', pkce: true, token_format: 'jwt', secret_required: false }),
  code({ redirect_uris: ['http://127.0.0.1/callback', 'com.example.app:/callback'] }),
  { allowed_origins: ['https://a.example', 'http://localhost:3000', 'http://[::1]:8080', 'capacitor://localhost'] },
];

describe('what a Client may list', () => {
  let api: Api;
  before(async () => {
    api = await startApi();
  });
  after(() => api.stop());

  for (const [json, expressions] of REFUSED) {
    it(`422 for ${JSON.stringify(json)}`, async () => {
      const reply = await api.request('PUT', '/Client/listing', { as: asRoot, json });
      expect(reply.status, reply.text).to.equal(422);
      const issues = reply.list('issue') as { code: string; expression: string[] }[];
      expect(issues.map(({ code, expression }) => [code, ...expression])).to.eql(
        expressions.map((at) => ['value', at]),
      );
    });
  }

  it('RFC 9700 §2.1.1: 422 for a wish to do without PKCE', async () => {
    const reply = await api.request('PUT', '/Client/listing', { as: asRoot, json: code({ pkce: false }) });
    expect([reply.status, reply.at('issue.0.expression.0')]).to.eql([422, `${CODE}.pkce`]);
  });

  for (const json of STORED) {
    it(`stores ${JSON.stringify(json)}`, async () => {
      const reply = await api.request('PUT', '/Client/listing', { as: asRoot, json });
      expect(reply.status, reply.text).to.be.oneOf([200, 201]);
    });
  }
});
