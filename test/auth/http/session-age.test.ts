/** SESSION_MAX_AGE: how long a Session may live, however often it is refreshed. */
import { expect } from 'chai';
import { decodeJwt } from 'jose';
import { after, before, describe, it } from 'mocha';
import { type Api, refusal, startApi } from './api.ts';

const MAX_AGE = 5000;

describe('the age of a Session', () => {
  let api: Api;
  before(async () => {
    const expiration = { ACCESS_TOKEN_EXPIRATION: '1800', REFRESH_TOKEN_EXPIRATION: '3000' };
    api = await startApi({ SESSION_MAX_AGE: String(MAX_AGE), ...expiration });
    const auth = { refresh_token: true };
    await api.put('/Client/app', { grant_types: ['password'], auth: { password: auth } });
    await api.put('/Client/jwt', { grant_types: ['password'], auth: { password: { ...auth, token_format: 'jwt' } } });
    const long = { access_token_expiration: 9000, refresh_token_expiration: 9000 };
    await api.put('/Client/long', { grant_types: ['password'], auth: { password: { ...auth, ...long } } });
    await api.put('/User/ann', { password: 'correct-horse' });
    await api.put('/AccessPolicy/all', { engine: 'allow', link: [{ reference: 'User/ann' }] });
  });
  after(() => api.stop());

  const login = (client: string) =>
    api.granted({ grant_type: 'password', client_id: client, username: 'ann', password: 'correct-horse' });
  const session = async (client: string) => {
    const [found] = await api.found(`/Session?client=${client}&active=true&_sort=-start&_count=1`);
    return { seconds: (name: string) => Date.parse(String(found?.[name])) / 1000 };
  };

  it('bounds what a Client asks for: the tokens, and what the Session tells of them', async () => {
    expect((await login('long')).at('expires_in')).to.equal(MAX_AGE);
    const { seconds } = await session('long');
    for (const name of ['exp', 'refresh_token_exp']) {
      expect(seconds(name) - seconds('start')).to.be.within(MAX_AGE - 1, MAX_AGE);
    }
  });

  for (const client of ['app', 'jwt']) {
    it(`a refresh for ever: ${client} gets tokens that end with the Session, and then none`, async () => {
      let reply = await login(client);
      const refresh = () => {
        const token = reply.string('refresh_token');
        return api.token({ grant_type: 'refresh_token', client_id: client, refresh_token: token });
      };
      for (const [wait, expected] of [
        [2000, 1800],
        [2000, MAX_AGE - 4000],
        [900, MAX_AGE - 4900],
      ] as const) {
        api.pass(wait);
        reply = await refresh();
        expect(reply.status, reply.text).to.equal(200);
        expect(reply.at('expires_in')).to.be.within(expected - 20, expected);
        if (client === 'jwt') {
          const { exp = 0, iat = 0 } = decodeJwt(reply.string('access_token'));
          expect(exp - iat).to.be.within(expected - 20, expected);
        }
      }
      const { seconds } = await session(client);
      expect(seconds('refresh_token_exp') - seconds('start')).to.be.within(MAX_AGE - 1, MAX_AGE);
      api.pass(101);
      expect(await api.statusWith(reply.string('access_token'))).to.equal(401);
      expect(refusal(await refresh())).to.equal('400 invalid_grant');
    });
  }
});
