/** simple-oauth2, which many services use, against the running server. */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { AuthorizationCode, ClientCredentials, ResourceOwnerPassword } from 'simple-oauth2';
import { browserOf, CHALLENGE, codeIn, VERIFIER } from '../auth/http/browser.ts';
import { type ClockedServer, startClockedServer } from '../harness/in-process.ts';
import { asRoot } from '../harness/server.ts';

const CALLBACK = 'https://app.example/callback';
const SECRET = 'simple-secret';

describe('clients: simple-oauth2', () => {
  let server: ClockedServer;

  before(async () => {
    server = await startClockedServer();
    const auth = {
      client_credentials: { refresh_token: true },
      password: { token_format: 'jwt', refresh_token: true },
      authorization_code: { redirect_uris: [CALLBACK], refresh_token: true },
    };
    const client = { secret: SECRET, grant_types: Object.keys(auth), auth };
    const link = [
      { resourceType: 'Client', id: 'simple' },
      { resourceType: 'User', id: 'ann' },
    ];
    for (const [path, json] of [
      ['/Client/simple', client],
      ['/User/ann', { email: 'ann@example.org', password: 'correct-horse' }],
      ['/AccessPolicy/simple', { engine: 'allow', link }],
    ] as const) {
      const reply = await server.request('PUT', path, { as: asRoot, json });
      expect(reply.status, reply.text).to.equal(201);
    }
  });
  after(() => server.stop());

  const settings = (authorizationMethod: 'header' | 'body') => ({
    client: { id: 'simple', secret: SECRET },
    auth: { tokenHost: server.baseUrl, tokenPath: '/auth/token', revokePath: '/auth/revoke' },
    options: { authorizationMethod },
  });
  const read = (token: unknown) => server.request('GET', '/Patient', { as: { bearer: String(token) } });

  for (const method of ['header', 'body'] as const) {
    it(`gets a token for itself, authenticating in the ${method}`, async () => {
      const { token } = await new ClientCredentials(settings(method)).getToken({ scope: 'read' });
      expect(token).to.include({ token_type: 'Bearer', scope: 'read' });
      expect((await read(token['access_token'])).status).to.equal(200);
    });
  }

  for (const method of ['header', 'body'] as const) {
    it(`signs a person in by code and PKCE, refreshes and revokes, authenticating in the ${method}`, async () => {
      const { auth, ...others } = settings(method);
      const client = new AuthorizationCode({ ...others, auth: { ...auth, authorizePath: '/auth/authorize' } });
      // It knows no PKCE, and passes on what its caller adds.
      const proof = { code_challenge: CHALLENGE, code_challenge_method: 'S256' };
      const asked = { redirect_uri: CALLBACK, scope: ['openid', 'email'], state: 'a state', ...proof };
      const { origin, pathname, searchParams } = new URL(client.authorizeURL(asked));
      expect(origin + pathname).to.equal(`${server.baseUrl}/auth/authorize`);
      const back = await browserOf(server).authorize(Object.fromEntries(searchParams), 'ann@example.org');
      const exchanged = { code: codeIn(back), redirect_uri: CALLBACK, code_verifier: VERIFIER };
      const first = await client.getToken(exchanged);
      expect(first.token).to.include({ token_type: 'Bearer', scope: 'openid email' }).and.include.keys('id_token');
      expect((await read(first.token['access_token'])).status).to.equal(200);
      const second = await first.refresh();
      expect((await read(second.token['access_token'])).status).to.equal(200);
      await second.revokeAll();
      expect((await read(second.token['access_token'])).status).to.equal(401);
      const again = await client
        .getToken(exchanged)
        .catch((error: { data: { payload: unknown } }) => error.data.payload);
      expect(again).to.include({ error: 'invalid_grant' });
    });
  }

  it('gets a token for a user, refreshes it, and revokes both', async () => {
    const client = new ResourceOwnerPassword(settings('header'));
    const first = await client.getToken({ username: 'ann@example.org', password: 'correct-horse' });
    expect(first.expired()).to.equal(false);
    const second = await first.refresh();
    expect((await read(first.token['access_token'])).status).to.equal(401);
    expect((await read(second.token['access_token'])).status).to.equal(200);
    await second.revoke('access_token');
    expect((await read(second.token['access_token'])).status).to.equal(401);
    const third = await client.getToken({ username: 'ann@example.org', password: 'correct-horse' });
    await third.revokeAll();
    expect((await read(third.token['access_token'])).status).to.equal(401);
  });

  it('reports a wrong password', async () => {
    const client = new ResourceOwnerPassword(settings('header'));
    const failure = await client.getToken({ username: 'ann@example.org', password: 'wrong' }).then(
      () => undefined,
      (error: { data?: { payload?: unknown } }) => error.data?.payload,
    );
    expect(failure).to.include({ error: 'invalid_grant' });
  });
});
