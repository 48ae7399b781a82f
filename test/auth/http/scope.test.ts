import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { type Api, refusal, startApi } from './api.ts';

const SECRET = 'app-secret';

describe('scope (RFC 6749 §3.3)', () => {
  let api: Api;
  before(async () => {
    api = await startApi();
    const client = { secret: SECRET, grant_types: ['client_credentials', 'password'] };
    await api.put('/Client/listed', { ...client, scope: ['read', 'write'] });
    await api.put('/Client/open', client);
    await api.put('/User/ann', { password: 'correct-horse' });
  });
  after(() => api.stop());

  for (const grant of [
    { grant_type: 'client_credentials' },
    { grant_type: 'password', username: 'ann', password: 'correct-horse' },
  ]) {
    describe(grant.grant_type, () => {
      const ask = (client: string, scope: string) =>
        api.token({ ...grant, client_id: client, client_secret: SECRET, scope });
      const given: [client: string, asked: string, scope: string | undefined][] = [
        ['listed', 'read', 'read'],
        ['listed', 'write read', 'write read'],
        ['listed', 'read  read', 'read'],
        ['listed', '', 'read write'],
        ['open', 'anything at/all', 'anything at/all'],
        ['open', '', undefined],
      ];
      for (const [client, asked, scope] of given) {
        it(`RFC 6749 §3.3: ${client} asks for '${asked}' and is told '${scope ?? 'nothing'}'`, async () => {
          const reply = await ask(client, asked);
          expect(reply.status, reply.text).to.equal(200);
          expect(reply.at('scope')).to.equal(scope);
        });
      }

      const refused: [why: string, client: string, asked: string][] = [
        ['scope not registered', 'listed', 'admin'],
        ['one of several not registered', 'listed', 'read admin'],
        ['another case', 'listed', 'READ'],
        ['a quote', 'open', 'a"b'],
        ['a backslash', 'open', 'a\\b'],
        ['a tab', 'open', 'a\tb'],
        ['CRLF, which could become a header', 'open', 'a\r\nSet-Cookie: x=1'],
        ['what is not ASCII', 'open', 'schön'],
      ];
      for (const [why, client, asked] of refused) {
        it(`RFC 6749 §3.3, §5.2: refuses ${why}`, async () => {
          const reply = await ask(client, asked);
          expect(refusal(reply)).to.equal('400 invalid_scope');
          expect(reply.string('error_description')).to.match(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/);
          expect(reply.headers).to.not.have.property('set-cookie');
        });
      }
    });
  }
});
