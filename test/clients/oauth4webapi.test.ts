/** oauth4webapi, a strict OAuth client, against the running server: it refuses whatever the RFCs do not allow. */
import { expect } from 'chai';
import { exportJWK, generateKeyPair } from 'jose';
import { after, before, describe, it } from 'mocha';
import * as oauth from 'oauth4webapi';
import { browserOf } from '../auth/http/browser.ts';
import { type ClockedServer, startClockedServer } from '../harness/in-process.ts';
import { asRoot } from '../harness/server.ts';

const SERVICE: oauth.Client = { client_id: 'service' };
const APP: oauth.Client = { client_id: 'app' };
const SIGNING: oauth.Client = { client_id: 'signing' };
const SECRET = 'a secret: with +%&= in it';
const CALLBACK = 'https://app.example/callback';
const insecure = { [oauth.allowInsecureRequests]: true };

describe('clients: oauth4webapi', () => {
  let server: ClockedServer;
  let as: oauth.AuthorizationServer;
  let key: Awaited<ReturnType<typeof oauth.generateKeyPair>>;

  const put = async (path: string, json: object) => {
    const reply = await server.request('PUT', path, { as: asRoot, json });
    expect(reply.status, reply.text).to.equal(201);
  };

  before(async () => {
    // An ID token that is signed by anything else has to be announced to this client.
    server = await startClockedServer({ SIGNING_ALG: 'RS256' });
    key = await oauth.generateKeyPair('ES256', { extractable: true });
    const jwk = { ...(await crypto.subtle.exportKey('jwk', key.publicKey)), kid: 'k', alg: 'ES256', use: 'sig' };
    const jwt = { token_format: 'jwt', refresh_token: true };
    await put('/Client/service', {
      secret: SECRET,
      grant_types: ['client_credentials'],
      auth: { client_credentials: jwt },
    });
    await put('/Client/app', {
      secret: SECRET,
      grant_types: ['password'],
      auth: { password: { refresh_token: true } },
    });
    await put('/User/ann', { userName: 'ann', password: 'correct-horse' });
    await put('/Client/signing', {
      grant_types: ['client_credentials'],
      jwks: { keys: [jwk] },
      auth: { client_credentials: { refresh_token: true } },
    });
    await put('/AccessPolicy/signing', { engine: 'allow', link: [{ resourceType: 'Client', id: 'signing' }] });
    const issuer = new URL(server.baseUrl);
    const found = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure });
    as = await oauth.processDiscoveryResponse(issuer, found);
  });
  after(() => server.stop());

  const grant = async (client: oauth.Client, authentication: oauth.ClientAuth, parameters = {}) => {
    const response = await oauth.clientCredentialsGrantRequest(as, client, authentication, parameters, insecure);
    return oauth.processClientCredentialsResponse(as, client, response);
  };
  const password = async () => {
    const parameters = { username: 'ann', password: 'correct-horse' };
    const authentication = oauth.ClientSecretBasic(SECRET);
    const response = await oauth.genericTokenEndpointRequest(as, APP, authentication, 'password', parameters, insecure);
    return oauth.processGenericTokenEndpointResponse(as, APP, response);
  };

  it('discovers what is served', () => {
    expect(as.issuer).to.equal(server.baseUrl);
    expect(as.grant_types_supported).to.include.members(['client_credentials', 'password', 'refresh_token']);
    const methods = ['client_secret_basic', 'client_secret_post', 'private_key_jwt'];
    expect(as.token_endpoint_auth_methods_supported).to.include.members(methods);
    expect(as.token_endpoint_auth_signing_alg_values_supported).to.include.members(['RS256', 'ES256']);
  });

  it('gets a token by an assertion signed with its own key', async () => {
    for (const [id, alg] of [
      ['signing-es256', 'ES256'],
      ['signing-rs256', 'RS256'],
    ] as const) {
      const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
      const keys = [{ ...(await exportJWK(publicKey)), kid: 'own' }];
      await put(`/Client/${id}`, { grant_types: ['client_credentials'], jwks: { keys } });
      const authentication = oauth.PrivateKeyJwt({ key: privateKey, kid: 'own' });
      for (const _ of [1, 2]) expect(await grant({ client_id: id }, authentication)).to.have.property('access_token');
    }
  });

  it('gets a token by Basic, its secret form-encoded as the RFC says', async () => {
    expect(await grant(SERVICE, oauth.ClientSecretBasic(SECRET))).to.include({
      token_type: 'bearer',
      expires_in: 3600,
    });
  });

  it('gets a token by its secret in the form', async () => {
    expect(await grant(SERVICE, oauth.ClientSecretPost(SECRET))).to.have.property('access_token');
  });

  it('gets a token by an assertion that it signed', async () => {
    const token = await grant(SIGNING, oauth.PrivateKeyJwt({ key: key.privateKey, kid: 'k' }));
    const url = new URL('/Patient', server.baseUrl);
    const response = await oauth.protectedResourceRequest(token.access_token, 'GET', url, undefined, null, insecure);
    expect(response.status).to.equal(200);
  });

  it('validates a JWT access token by the RFC of its profile', async () => {
    const { access_token } = await grant(SERVICE, oauth.ClientSecretBasic(SECRET), { scope: 'read' });
    const request = new Request(server.baseUrl, { headers: { authorization: `Bearer ${access_token}` } });
    const claims = await oauth.validateJwtAccessToken(as, request, server.baseUrl, insecure);
    expect(claims).to.include({ client_id: 'service', sub: 'service', scope: 'read' });
  });

  it('gets a token for a user, refreshes it, and reads who the user is', async () => {
    const first = await password();
    const response = await oauth.refreshTokenGrantRequest(
      as,
      APP,
      oauth.ClientSecretBasic(SECRET),
      String(first.refresh_token),
      insecure,
    );
    const second = await oauth.processRefreshTokenResponse(as, APP, response);
    expect(second.access_token).to.not.equal(first.access_token);
    const told = await oauth.userInfoRequest(as, APP, second.access_token, insecure);
    expect(await oauth.processUserInfoResponse(as, APP, 'ann', told)).to.include({ sub: 'ann' });
  });

  const methods: [how: string, client: oauth.Client, authentication: () => oauth.ClientAuth][] = [
    ['Basic', SERVICE, () => oauth.ClientSecretBasic(SECRET)],
    ['the form', SERVICE, () => oauth.ClientSecretPost(SECRET)],
    ['an assertion', SIGNING, () => oauth.PrivateKeyJwt({ key: key.privateKey, kid: 'k' })],
  ];
  for (const [how, client, authentication] of methods) {
    it(`introspects, refreshes and revokes its token by ${how}`, async () => {
      const first = await grant(client, authentication());
      const ask = async () => {
        const response = await oauth.introspectionRequest(as, client, authentication(), second.access_token, insecure);
        return oauth.processIntrospectionResponse(as, client, response);
      };
      const refresh = String(first.refresh_token);
      const sent = await oauth.refreshTokenGrantRequest(as, client, authentication(), refresh, insecure);
      const second = await oauth.processRefreshTokenResponse(as, client, sent);
      const { client_id } = client;
      expect(await ask()).to.include({ active: true, client_id, sub: client_id });
      const revoked = await oauth.revocationRequest(as, client, authentication(), second.access_token, insecure);
      expect(await oauth.processRevocationResponse(revoked)).to.equal(undefined);
      expect(await ask()).to.eql({ active: false });
    });
  }

  const apps: [how: string, secret: { secret?: string }, by: oauth.ClientAuth][] = [
    ['web', { secret: SECRET }, oauth.ClientSecretBasic(SECRET)],
    ['spa', {}, oauth.None()],
  ];
  for (const [client_id, secret, by] of apps) {
    it(`signs a person in by authorization code with PKCE through the client ${client_id}`, async () => {
      const auth = { authorization_code: { redirect_uris: [CALLBACK], refresh_token: true } };
      await put(`/Client/${client_id}`, { ...secret, grant_types: ['authorization_code'], auth });
      const [web, verifier] = [{ client_id }, oauth.generateRandomCodeVerifier()];
      const [state, nonce] = [oauth.generateRandomState(), oauth.generateRandomNonce()];
      const back = await browserOf(server).authorize({
        ...web,
        response_type: 'code',
        redirect_uri: CALLBACK,
        scope: 'openid',
        state,
        nonce,
        code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
      });
      const answer = oauth.validateAuthResponse(as, web, new URL(back.header('location')), state);
      const sent = await oauth.authorizationCodeGrantRequest(as, web, by, answer, CALLBACK, verifier, insecure);
      const expected = { expectedNonce: nonce, requireIdToken: true };
      const tokens = await oauth.processAuthorizationCodeResponse(as, web, sent, expected);
      expect(oauth.getValidatedIdTokenClaims(tokens)).to.include({ sub: 'ann', aud: client_id });
      await oauth.validateApplicationLevelSignature(as, sent, insecure);
      const again = await oauth.refreshTokenGrantRequest(as, web, by, String(tokens.refresh_token), insecure);
      const refreshed = await oauth.processRefreshTokenResponse(as, web, again);
      expect(refreshed.refresh_token === tokens.refresh_token).to.equal('secret' in secret);
    });
  }

  it('understands an error', async () => {
    const failure = await grant(SERVICE, oauth.ClientSecretBasic('wrong')).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failure).to.be.instanceOf(oauth.WWWAuthenticateChallengeError);
  });
});
