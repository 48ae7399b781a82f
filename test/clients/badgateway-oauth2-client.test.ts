/** `@badgateway/oauth2-client`, a small client for browsers and servers: it finds the endpoints by discovery. */
import {
  generateCodeVerifier,
  OAuth2Client,
  OAuth2Fetch,
  type OAuth2HttpError,
  type OAuth2Token,
} from '@badgateway/oauth2-client';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { type Api, startApi } from '../auth/http/api.ts';
import { browserOf } from '../auth/http/browser.ts';

const CALLBACK = 'https://app.example/callback';
const SECRET = 'a secret: with +%&= in it';
type Method = 'client_secret_basic' | 'client_secret_basic_interop' | 'client_secret_post';

describe('clients: @badgateway/oauth2-client', () => {
  let api: Api;

  before(async () => {
    api = await startApi();
    const refreshable = { refresh_token: true };
    const auth = {
      client_credentials: { token_format: 'jwt' },
      password: refreshable,
      authorization_code: { ...refreshable, redirect_uris: [CALLBACK] },
    };
    const app = { grant_types: ['client_credentials', 'password', 'authorization_code'], auth };
    await api.put('/Client/web', { ...app, secret: SECRET });
    await api.put('/Client/plain', { ...app, secret: 'plain-secret' });
    await api.put('/Client/spa', app);
    await api.put('/User/ann', { email: 'ann@example.org', password: 'correct-horse' });
    const link = ['User/ann', 'Client/web', 'Client/plain'].map((reference) => ({ reference }));
    await api.put('/AccessPolicy/all', { engine: 'allow', link });
  });
  after(() => api.stop());

  const clientOf = (clientId: string, clientSecret?: string, authenticationMethod?: Method) =>
    new OAuth2Client({
      server: api.issuer,
      clientId,
      ...(clientSecret === undefined ? {} : { clientSecret }),
      ...(authenticationMethod === undefined ? {} : { authenticationMethod }),
    });
  const read = ({ accessToken }: OAuth2Token) => api.statusWith(accessToken);

  it('discovers the endpoints', async () => {
    const client = clientOf('web', SECRET);
    expect(await client.getEndpoint('tokenEndpoint')).to.equal(`${api.issuer}/auth/token`);
    expect(await client.getEndpoint('authorizationEndpoint')).to.equal(`${api.issuer}/auth/authorize`);
    expect(await client.getEndpoint('introspectionEndpoint')).to.equal(`${api.issuer}/auth/introspect`);
    expect(await client.getEndpoint('revocationEndpoint')).to.equal(`${api.issuer}/auth/revoke`);
  });

  const methods: [id: string, secret: string, method: Method | undefined][] = [
    ['web', SECRET, undefined],
    ['web', SECRET, 'client_secret_basic'],
    ['web', SECRET, 'client_secret_post'],
    ['plain', 'plain-secret', 'client_secret_basic_interop'],
  ];
  for (const [id, secret, method] of methods) {
    it(`gets a token for itself, asks what it is, and revokes it, by ${method ?? 'what it discovers'}`, async () => {
      const client = clientOf(id, secret, method);
      const token = await client.clientCredentials({ scope: ['read'], resource: api.issuer });
      expect(token.scope).to.eql(['read']);
      expect(await read(token)).to.equal(200);
      expect(await client.introspect(token)).to.include({ active: true, client_id: id, sub: id, scope: 'read' });
      await client.revoke(token);
      expect(await client.introspect(token)).to.eql({ active: false });
      expect(await read(token)).to.equal(401);
    });
  }

  it('gets a token for a user, refreshes it, and revokes both by the refresh token', async () => {
    const client = clientOf('web', SECRET);
    const first = await client.password({ username: 'ann@example.org', password: 'correct-horse' });
    const second = await client.refreshToken(first);
    expect([await read(first), await read(second)]).to.eql([401, 200]);
    await client.revoke(second, 'refresh_token');
    expect(await read(second)).to.equal(401);
    const failure = await client.refreshToken(second).catch((error: OAuth2HttpError) => error);
    expect(failure).to.include({ oauth2Code: 'invalid_grant' });
  });

  for (const [id, secret] of [
    ['web', SECRET],
    ['spa', undefined],
  ] as const) {
    it(`signs a person in by code and PKCE through the client ${id}, refreshes and revokes`, async () => {
      const client = clientOf(id, secret);
      const [state, codeVerifier] = ['a state', await generateCodeVerifier()];
      const shared = { redirectUri: CALLBACK, state, codeVerifier };
      const address = await client.authorizationCode.getAuthorizeUri({ ...shared, scope: ['openid', 'profile'] });
      const back = await browserOf(api).authorize(Object.fromEntries(new URL(address).searchParams));
      const token = await client.authorizationCode.getTokenFromCodeRedirect(back.header('location'), shared);
      expect(token.idToken).to.be.a('string');
      expect(await read(token)).to.equal(200);
      const refreshed = await client.refreshToken(token);
      expect(refreshed.refreshToken === token.refreshToken).to.equal(secret !== undefined);
      expect(await read(refreshed)).to.equal(200);
      await client.revoke(refreshed);
      expect(await read(refreshed)).to.equal(401);
    });
  }

  it('its fetch refreshes by itself what has ended', async () => {
    const client = clientOf('spa');
    let stored: OAuth2Token | undefined;
    const wrapper = new OAuth2Fetch({
      client,
      getNewToken: () => client.password({ username: 'ann@example.org', password: 'correct-horse' }),
      storeToken: (token) => {
        stored = token;
      },
      scheduleRefresh: false,
    });
    expect((await wrapper.fetch(`${api.issuer}/Patient`)).status).to.equal(200);
    const before = stored?.accessToken;
    api.pass(3601);
    expect((await wrapper.fetch(`${api.issuer}/Patient`)).status).to.equal(200);
    expect(stored?.accessToken).to.not.equal(before);
  });

  it('reports a wrong password', async () => {
    const login = clientOf('web', SECRET).password({ username: 'ann@example.org', password: 'wrong' });
    const failure = await login.catch((error: OAuth2HttpError) => error);
    expect(failure).to.include({ oauth2Code: 'invalid_grant', httpCode: 400 });
  });
});
