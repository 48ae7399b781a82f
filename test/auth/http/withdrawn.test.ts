/** What is withdrawn from a Client is withdrawn from its live tokens, from the next request on. */
import { expect } from 'chai';
import { decodeJwt } from 'jose';
import { after, before, beforeEach, describe, it } from 'mocha';
import { type Api, refusal, startApi } from './api.ts';

const KEY = { client_id: 'app', client_secret: 'app-secret' };
const CLIENT = {
  secret: KEY.client_secret,
  grant_types: ['client_credentials', 'basic'],
  scope: ['system/Patient.rs', 'system/Organization.rs', 'openid'],
  auth: { client_credentials: { token_format: 'jwt', refresh_token: true } },
};

describe('what is withdrawn from a Client', () => {
  let api: Api;
  before(async () => {
    api = await startApi();
    await api.put('/AccessPolicy/all', { engine: 'allow', link: [{ reference: 'Client/app' }] });
    await api.put('/Patient/p', {});
  });
  after(() => api.stop());
  beforeEach(() => api.put('/Client/app', CLIENT));

  const granted = () => api.granted({ grant_type: 'client_credentials', ...KEY });
  const put = (client: object) => api.put('/Client/app', { ...CLIENT, ...client });
  const introspect = async (token: string) =>
    (await api.request('POST', '/auth/introspect', { form: { ...KEY, token } })).body as Record<string, unknown>;

  it('a scope that is withdrawn is gone from live access tokens, and from what is told of them', async () => {
    const reply = await granted();
    const bearer = reply.string('access_token');
    expect([await api.statusWith(bearer), await api.statusWith(bearer, '/Organization')]).to.eql([200, 200]);
    await put({ scope: ['system/Organization.rs', 'openid'] });
    expect([await api.statusWith(bearer), await api.statusWith(bearer, '/Organization')]).to.eql([403, 200]);
    for (const token of ['access_token', 'refresh_token']) {
      expect((await introspect(reply.string(token)))['scope'], token).to.equal('system/Organization.rs openid');
    }
    await api.put('/Client/app', CLIENT);
    expect(await api.statusWith(bearer), 'given back').to.equal(200);
  });

  it('a token whose last scope of SMART goes does not reach further', async () => {
    const bearer = (await granted()).string('access_token');
    await put({ scope: ['openid'] });
    expect([await api.statusWith(bearer), await api.statusWith(bearer, '/Organization')]).to.eql([403, 403]);
  });

  it('a Client that lists no scope any more withdraws none', async () => {
    const bearer = (await granted()).string('access_token');
    await put({ scope: undefined });
    expect([await api.statusWith(bearer), await api.statusWith(bearer, '/Client')]).to.eql([200, 403]);
  });

  it('policies see the scopes that are left', async () => {
    const matcho = { jwt: { scope: '#.*openid.*' } };
    const seen = { engine: 'matcho', matcho, link: [{ reference: 'Client/seen' }] };
    await api.put('/AccessPolicy/seen', seen);
    const client = { ...CLIENT, scope: ['openid', 'other'] };
    await api.put('/Client/seen', client);
    const form = { ...KEY, grant_type: 'client_credentials', client_id: 'seen' };
    const bearer = (await api.granted(form)).string('access_token');
    expect(await api.statusWith(bearer)).to.equal(200);
    await api.put('/Client/seen', { ...client, scope: ['other'] });
    expect(await api.statusWith(bearer)).to.equal(403);
  });

  it('RFC 8707 §2.2: for a resource that is withdrawn nothing is refreshed, but for those that are left', async () => {
    const [ours, theirs] = [api.issuer, 'https://b.example'];
    const listing = (audience: string[]) =>
      put({ auth: { client_credentials: { ...CLIENT.auth.client_credentials, audience } } });
    await listing([ours, theirs]);
    const form = { grant_type: 'client_credentials', ...KEY, audience: [ours, theirs] };
    const reply = await api.request('POST', '/auth/token', { json: form });
    const refreshed = (resource: string) =>
      api.token({ grant_type: 'refresh_token', ...KEY, refresh_token: reply.string('refresh_token'), resource });
    await listing([ours]);
    expect(refusal(await refreshed(theirs))).to.equal('400 invalid_target');
    expect(refusal(await refreshed(''))).to.equal('400 invalid_target');
    expect(decodeJwt((await refreshed(ours)).string('access_token')).aud).to.equal(ours);
    await put({});
    expect(decodeJwt((await refreshed('')).string('access_token')).aud).to.eql([ours, theirs]);
  });

  it('a grant that is withdrawn ends the use of its tokens', async () => {
    const reply = await granted();
    const bearer = reply.string('access_token');
    expect(await api.statusWith(bearer)).to.equal(200);
    await put({ grant_types: ['basic', 'password'] });
    expect(await api.statusWith(bearer)).to.equal(401);
    for (const token of ['access_token', 'refresh_token']) {
      expect(await introspect(reply.string(token)), token).to.eql({ active: false });
    }
    const refresh = { ...KEY, grant_type: 'refresh_token', refresh_token: reply.string('refresh_token') };
    expect(refusal(await api.token(refresh))).to.equal('400 unauthorized_client');
    await put({ grant_types: ['client_credentials'] });
    expect(await api.statusWith(bearer), 'another grant that goes changes nothing').to.equal(200);
  });

  it('a token that cannot be used can still be revoked', async () => {
    const bearer = (await granted()).string('access_token');
    await put({ grant_types: ['basic'] });
    const form = { ...KEY, token: bearer };
    expect((await api.request('POST', '/auth/revoke', { form })).status).to.equal(200);
    await api.put('/Client/app', CLIENT);
    expect(await api.statusWith(bearer)).to.equal(401);
  });
});
