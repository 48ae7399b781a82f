/** openid-client, a certified OpenID Connect client: whole flows, as its documentation has them. */
import { expect } from 'chai';
import { exportJWK, generateKeyPair } from 'jose';
import { after, before, describe, it } from 'mocha';
import * as client from 'openid-client';
import { browserOf } from '../auth/http/browser.ts';
import { type ClockedServer, startClockedServer } from '../harness/in-process.ts';
import { asRoot } from '../harness/server.ts';

const CALLBACK = 'https://app.example/callback';
const SECRET = 'a secret: with +%&= in it';
const insecure = { execute: [client.allowInsecureRequests] };

describe('clients: openid-client', () => {
  let server: ClockedServer;
  let issuer: URL;
  let keys: Awaited<ReturnType<typeof generateKeyPair>>;

  const put = async (path: string, json: object) => {
    const reply = await server.request('PUT', path, { as: asRoot, json });
    expect(reply.status, reply.text).to.equal(201);
  };

  before(async () => {
    server = await startClockedServer({ SIGNING_ALG: 'ES256' });
    issuer = new URL(`http://localhost:${server.port}`);
    keys = await generateKeyPair('ES384', { extractable: true });
    const jwks = { keys: [{ ...(await exportJWK(keys.publicKey)), kid: 'k', alg: 'ES384' }] };
    const auth = { authorization_code: { redirect_uris: [CALLBACK], refresh_token: true } };
    const app = { grant_types: ['authorization_code'], auth };
    await put('/Client/spa', app);
    await put('/Client/web', { ...app, secret: SECRET });
    await put('/Client/signing', { ...app, jwks });
    const service = { client_credentials: { refresh_token: true }, password: { refresh_token: true } };
    await put('/Client/service', { grant_types: ['client_credentials', 'password'], secret: SECRET, auth: service });
    await put('/Client/backend', { grant_types: ['client_credentials'], jwks, scope: ['system/Patient.rs'] });
    await put('/Patient/p', { gender: 'female' });
    const ann = { userName: 'ann', email: 'ann@example.org', password: 'correct-horse' };
    await put('/User/ann', { ...ann, fhirUser: { reference: 'Patient/p' } });
    const link = [{ reference: 'User/ann' }, { reference: 'Client/backend' }, { reference: 'Client/service' }];
    await put('/AccessPolicy/all', { engine: 'allow', link });
  });
  after(() => server.stop());

  const discover = (id: string, authentication: client.ClientAuth) =>
    client.discovery(issuer, id, undefined, authentication, insecure);
  const methods: [id: string, authentication: () => client.ClientAuth][] = [
    ['spa', () => client.None()],
    ['web', () => client.ClientSecretBasic(SECRET)],
    ['web', () => client.ClientSecretPost(SECRET)],
    ['signing', () => client.PrivateKeyJwt({ key: keys.privateKey, kid: 'k' })],
  ];

  /** The flow from the request to the tokens; a person signs in and allows. */
  const signIn = async (config: client.Configuration, scope: string) => {
    const verifier = client.randomPKCECodeVerifier();
    const [state, nonce] = [client.randomState(), client.randomNonce()];
    const url = client.buildAuthorizationUrl(config, {
      redirect_uri: CALLBACK,
      scope,
      state,
      nonce,
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    });
    expect(url.href.startsWith(`${issuer.origin}/auth/authorize?`)).to.equal(true);
    const back = await browserOf(server).authorize(Object.fromEntries(url.searchParams));
    const expected = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true };
    return client.authorizationCodeGrant(config, new URL(back.header('location')), expected);
  };

  for (const [at, [id, authentication]] of methods.entries()) {
    it(`signs a person in through the client ${id}, refreshes and revokes (${at + 1})`, async () => {
      const config = await discover(id, authentication());
      const tokens = await signIn(config, 'openid email');
      expect(tokens.claims()).to.include({ sub: 'ann', aud: id }).and.not.have.property('email');
      const told = await client.fetchUserInfo(config, tokens.access_token, 'ann');
      expect(told).to.include({ sub: 'ann', email: 'ann@example.org' });
      const refreshed = await client.refreshTokenGrant(config, String(tokens.refresh_token));
      expect(refreshed.claims()).to.include({ sub: 'ann' });
      await client.tokenRevocation(config, refreshed.access_token);
      const path = new URL('/Patient/p', issuer);
      const response = await client
        .fetchProtectedResource(config, refreshed.access_token, path, 'GET')
        .catch((error: client.WWWAuthenticateChallengeError) => error);
      expect(response).to.be.instanceOf(client.WWWAuthenticateChallengeError);
    });
  }

  for (const [how, authentication] of [
    ['Basic', client.ClientSecretBasic(SECRET)],
    ['post', client.ClientSecretPost(SECRET)],
  ] as const) {
    it(`gets a token for itself, asks what it is, refreshes and revokes it, by ${how}`, async () => {
      const config = await discover('service', authentication);
      const tokens = await client.clientCredentialsGrant(config, { scope: 'read', resource: issuer.origin });
      expect(tokens).to.include({ token_type: 'bearer', expires_in: 3600, scope: 'read' });
      const told = { active: true, client_id: 'service', sub: 'service', scope: 'read' };
      expect(await client.tokenIntrospection(config, tokens.access_token)).to.include(told);
      const refreshed = await client.refreshTokenGrant(config, String(tokens.refresh_token));
      expect(await client.tokenIntrospection(config, tokens.access_token)).to.eql({ active: false });
      await client.tokenRevocation(config, refreshed.access_token);
      expect(await client.tokenIntrospection(config, refreshed.access_token)).to.eql({ active: false });
    });

    it(`gets a token for a user by name and password, and refreshes it, by ${how}`, async () => {
      const config = await discover('service', authentication);
      const person = { username: 'ann@example.org', password: 'correct-horse' };
      const tokens = await client.genericGrantRequest(config, 'password', person);
      expect(await client.tokenIntrospection(config, tokens.access_token)).to.include({ active: true, sub: 'ann' });
      const refreshed = await client.refreshTokenGrant(config, String(tokens.refresh_token));
      const path = new URL('/Patient/p', issuer);
      expect((await client.fetchProtectedResource(config, refreshed.access_token, path, 'GET')).status).to.equal(200);
      const wrong = client.genericGrantRequest(config, 'password', { ...person, password: 'wrong' });
      expect(await wrong.catch((error: client.ResponseBodyError) => error)).to.include({ error: 'invalid_grant' });
    });
  }

  it('launches an app of SMART about a patient', async () => {
    const config = await discover('spa', client.None());
    const tokens = await signIn(config, 'openid fhirUser launch/patient patient/*.rs offline_access');
    expect(tokens).to.include({ patient: 'p' });
    expect(tokens.claims()).to.include({ fhirUser: `${issuer.origin}/Patient/p` });
    const path = new URL('/fhir/Patient/p', issuer);
    expect((await client.fetchProtectedResource(config, tokens.access_token, path, 'GET')).status).to.equal(200);
  });

  it('mix-up (RFC 9207 §2.4, RFC 9700 §4.4.2): an answer with another iss or with none is refused', async () => {
    const config = await discover('spa', client.None());
    await signIn(config, 'openid');
    const told = async (answer: string) => {
      const url = new URL(`${CALLBACK}?code=x&state=s${answer}`);
      const checks = { pkceCodeVerifier: 'x'.repeat(43), expectedState: 's' };
      const failure = await client.authorizationCodeGrant(config, url, checks).catch((error: Error) => error);
      return String((failure as Error).cause ?? failure);
    };
    expect(await told('&iss=https://evil.example')).to.include('unexpected "iss"');
    // That this server always names itself stands in its metadata, by which a client knows.
    expect(await told('')).to.include('"iss" (issuer) missing');
  });

  it('SMART Backend Services: a client without a user gets system scopes by a signed assertion', async () => {
    const config = await discover('backend', client.PrivateKeyJwt({ key: keys.privateKey, kid: 'k' }));
    const tokens = await client.clientCredentialsGrant(config, { scope: 'system/Patient.rs' });
    expect(tokens).to.include({ scope: 'system/Patient.rs' });
    expect(await client.tokenIntrospection(config, tokens.access_token)).to.include({ active: true, sub: 'backend' });
    const path = new URL('/fhir/Patient', issuer);
    expect((await client.fetchProtectedResource(config, tokens.access_token, path, 'GET')).status).to.equal(200);
  });
});
