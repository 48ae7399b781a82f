/** A change of a Client or a User ends what was issued on its word, from the next request on. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { expect } from 'chai';
import { after, before, beforeEach, describe, it } from 'mocha';
import { asRoot } from '../../harness/server.ts';
import { type Api, startApi } from './api.ts';

const SECRET = 'app-secret';
const PASSWORD = 'correct-horse';
const CLIENT = {
  secret: SECRET,
  grant_types: ['password', 'client_credentials', 'basic'],
  auth: {
    password: { refresh_token: true, token_format: 'jwt' },
    client_credentials: { refresh_token: true },
  },
};
const USER = { userName: 'ann.smith', password: PASSWORD };

describe('what ends the Sessions of a Client and a User', () => {
  let api: Api;
  before(async () => {
    api = await startApi();
    await api.put('/AccessPolicy/all', {
      engine: 'allow',
      link: [{ reference: 'User/ann' }, { reference: 'Client/app' }],
    });
  });
  after(() => api.stop());
  beforeEach(async () => {
    api.pass(16 * 60);
    await api.put('/Client/app', CLIENT);
    await api.put('/User/ann', USER);
  });

  const tokens = async () => {
    const key = { client_id: 'app', client_secret: SECRET };
    const own = await api.granted({ grant_type: 'client_credentials', ...key });
    const user = await api.granted({ grant_type: 'password', ...key, username: 'ann', password: PASSWORD });
    expect(await alive(own), 'a new token of the client').to.equal(true);
    expect(await alive(user), 'a new token of the user').to.equal(true);
    return { own, user };
  };
  type Tokens = Awaited<ReturnType<typeof tokens>>;
  const alive = async (reply: Tokens['own']) => (await api.statusWith(reply.string('access_token'))) === 200;
  const refreshes = async (reply: Tokens['own'], secret = SECRET) => {
    const form = { grant_type: 'refresh_token', client_id: 'app', client_secret: secret };
    return (await api.token({ ...form, refresh_token: reply.string('refresh_token') })).status === 200;
  };

  const changes: [why: string, change: () => Promise<unknown>, own: boolean, user: boolean][] = [
    ['another secret', () => api.put('/Client/app', { ...CLIENT, secret: 'new-secret' }), false, false],
    ['a secret that is removed', () => api.put('/Client/app', { ...CLIENT, secret: null }), false, false],
    ['the same secret again', () => api.put('/Client/app', CLIENT), true, true],
    [
      'a Client without secret in the body keeps it',
      () => api.put('/Client/app', { ...CLIENT, secret: undefined, name: 'x' }),
      true,
      true,
    ],
    ['a Client that is switched off', () => api.put('/Client/app', { ...CLIENT, active: false }), false, false],
    ['a deleted client', () => api.remove('/Client/app'), false, false],
    ['another password', () => api.put('/User/ann', { ...USER, password: 'new-password' }), true, false],
    ['a password that is removed', () => api.put('/User/ann', { ...USER, password: null }), true, false],
    ['the same password again', () => api.put('/User/ann', USER), true, true],
    ['another name of the user', () => api.put('/User/ann', { ...USER, userName: 'other' }), true, true],
    ['a user that is switched off', () => api.put('/User/ann', { ...USER, inactive: true }), true, false],
    ['a deleted user', () => api.remove('/User/ann'), true, false],
  ];
  for (const [why, change, own, user] of changes) {
    it(`${why}: tokens of the client ${own ? 'stay' : 'end'}, those of the user ${user ? 'stay' : 'end'}`, async () => {
      const made = await tokens();
      await change();
      expect({ own: await alive(made.own), user: await alive(made.user) }).to.eql({ own, user });
      if (!user) expect(await refreshes(made.user)).to.equal(false);
      const live = await api.found('/Session?active=true&client=Client/app&_sort=-_lastUpdated&_count=2');
      expect(live.some((session) => session['user'] !== undefined && !user)).to.equal(false);
    });
  }

  const K1 = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey;
  const K2 = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey;
  const jwk = (key: KeyObject, kid: string) => ({ ...key.export({ format: 'jwk' }), kid });
  const keys = (...listed: object[]) => ({ jwks: { keys: listed } });
  const uri = (host: string) => ({ jwks_uri: `https://${host}/jwks` });
  const keyChanges: [why: string, before: object, after: object, stay: boolean][] = [
    ['a key that is taken away', keys(jwk(K1, '1'), jwk(K2, '2')), keys(jwk(K2, '2')), false],
    ['a key in the place of another', keys(jwk(K1, '1')), keys(jwk(K2, '1')), false],
    ['a set that is removed', keys(jwk(K1, '1')), {}, false],
    ['a key that is added', keys(jwk(K1, '1')), keys(jwk(K2, '2'), jwk(K1, '1')), true],
    ['a first key', {}, keys(jwk(K1, '1')), true],
    ['another kid of the same key', keys(jwk(K1, '1')), keys(jwk(K1, '2')), true],
    ['another jwks_uri', uri('a.example'), uri('b.example'), false],
    ['a jwks_uri that is removed', uri('a.example'), {}, false],
    [
      'a set that takes the place of a jwks_uri',
      uri('a.example'),
      { ...uri('a.example'), ...keys(jwk(K1, '1')) },
      false,
    ],
    ['the same jwks_uri', uri('a.example'), { ...uri('a.example'), name: 'x' }, true],
    ['a first jwks_uri', {}, uri('a.example'), true],
  ];
  for (const [why, was, is, stay] of keyChanges) {
    it(`${why}: tokens ${stay ? 'stay' : 'end'}`, async () => {
      await api.put('/Client/app', { ...CLIENT, ...was });
      const made = await tokens();
      await api.put('/Client/app', { ...CLIENT, ...is });
      expect({ own: await alive(made.own), user: await alive(made.user) }).to.eql({ own: stay, user: stay });
      expect(await refreshes(made.own)).to.equal(stay);
    });
  }

  it('refresh by a deactivated user or client', async () => {
    const made = await tokens();
    await api.put('/User/ann', { ...USER, inactive: true });
    expect(await refreshes(made.user)).to.equal(false);
    await api.put('/User/ann', { ...USER, inactive: false });
    expect(await refreshes(made.user), 'switched on again').to.equal(false);
    await api.put('/Client/app', { ...CLIENT, active: false });
    await api.put('/Client/app', CLIENT);
    expect(await refreshes(made.own), 'a Client switched on again').to.equal(false);
  });

  it('a used-again id starts bare: neither tokens nor the old secret are good', async () => {
    const made = await tokens();
    await api.remove('/Client/app');
    await api.remove('/User/ann');
    const { secret: _, ...bare } = CLIENT;
    await api.put('/Client/app', bare);
    await api.put('/User/ann', { userName: 'ann.smith' });
    expect(await alive(made.own)).to.equal(false);
    expect(await alive(made.user)).to.equal(false);
    const basic = await api.request('GET', '/Patient', { as: { basic: ['app', SECRET] } });
    expect(basic.status).to.equal(401);
    const login = { grant_type: 'password', client_id: 'app', username: 'ann', password: PASSWORD };
    expect((await api.token(login)).status).to.equal(400);
  });

  it('a remembered Basic header is forgotten with any change of the secret', async () => {
    const ask = async (secret: string) =>
      (await api.request('GET', '/Patient', { as: { basic: ['app', secret] } })).status;
    expect([await ask(SECRET), await ask(SECRET)]).to.eql([200, 200]);
    await api.put('/Client/app', { ...CLIENT, secret: 'new-secret' });
    expect([await ask(SECRET), await ask('new-secret')]).to.eql([401, 200]);
    await api.put('/Client/app', { ...CLIENT, secret: 'new-secret', active: false });
    expect(await ask('new-secret')).to.equal(401);
    await api.put('/Client/app', { ...CLIENT, secret: 'new-secret', grant_types: ['password'] });
    expect(await ask('new-secret'), 'without the grant basic').to.equal(401);
  });

  it('a password once remembered is no longer taken when it is changed', async () => {
    await tokens();
    await api.put('/User/ann', { ...USER, password: 'new-password' });
    const form = { grant_type: 'password', client_id: 'app', client_secret: SECRET, username: 'ann' };
    expect((await api.token({ ...form, password: PASSWORD })).status).to.equal(400);
    expect((await api.token({ ...form, password: 'new-password' })).status).to.equal(200);
  });

  it('an old secret restored by PUT ends what the other one began', async () => {
    await api.put('/Client/app', { ...CLIENT, secret: 'other' });
    const made = await api.granted({ grant_type: 'client_credentials', client_id: 'app', client_secret: 'other' });
    await api.request('PUT', '/Client/app', { as: asRoot, json: CLIENT });
    expect(await alive(made)).to.equal(false);
  });
});
