/** What a Client may list: a mistake is told where it stands. */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { asRoot } from '../../harness/server.ts';
import { type Api, startApi } from './api.ts';

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
];

const STORED: object[] = [
  { scope: ['patient/*.read', 'launch/patient', 'user/Patient.rs?_security=http://a.example|b', "!#$%&'()[]~"] },
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

  for (const json of STORED) {
    it(`stores ${JSON.stringify(json)}`, async () => {
      const reply = await api.request('PUT', '/Client/listing', { as: asRoot, json });
      expect(reply.status, reply.text).to.be.oneOf([200, 201]);
    });
  }
});
