/** The OAuth tutorial, from top to bottom: what it says of the client credentials flow holds here. */
import { expect } from 'chai';
import { createLocalJWKSet, exportJWK, generateKeyPair, type JSONWebKeySet, jwtVerify, SignJWT } from 'jose';
import { after, before, describe, it } from 'mocha';
import { type ClockedServer, startClockedServer } from '../harness/in-process.ts';
import { asRoot } from '../harness/server.ts';

const BASE_URL = 'http://localhost:8081';
const CLIENT = {
  secret: 'service-secret',
  grant_types: ['client_credentials'],
  auth: { client_credentials: { token_format: 'jwt', access_token_expiration: 300 } },
};
const POLICY = { engine: 'allow', link: [{ resourceType: 'Client', id: 'service' }] };

describe('seeds: OAuth tutorial', () => {
  let server: ClockedServer;
  before(async () => {
    server = await startClockedServer({ BASE_URL });
    expect((await server.request('PUT', '/Client/service', { as: asRoot, json: CLIENT })).status).to.equal(201);
    expect((await server.request('PUT', '/AccessPolicy/service', { as: asRoot, json: POLICY })).status).to.equal(201);
  });
  after(() => server.stop());

  const credentials = { grant_type: 'client_credentials', client_id: 'service', client_secret: 'service-secret' };
  const token = (form: Record<string, string> = credentials) => server.request('POST', '/auth/token', { form });

  it('diagram: the client authenticates, gets a token and no refresh token, and reads a resource', async () => {
    const granted = await token();
    expect(granted.status, granted.text).to.equal(200);
    expect(granted.body).to.not.have.property('refresh_token');
    const as = { bearer: granted.string('access_token') };
    expect((await server.request('GET', '/Patient', { as })).body).to.include({ type: 'searchset' });
  });

  it('concepts 1 and 2: an authorization endpoint is another flow, which a client has to list', async () => {
    const { body, status } = await token({ ...credentials, grant_type: 'authorization_code', code: 'x' });
    expect(status).to.equal(400);
    expect(body).to.have.property('error', 'unauthorized_client');
    const metadata = await server.request('GET', '/.well-known/oauth-authorization-server');
    expect(metadata.at('grant_types_supported')).to.include.members(['client_credentials', 'authorization_code']);
    expect(metadata.at('authorization_endpoint')).to.equal(`${BASE_URL}/auth/authorize`);
  });

  it('concept 3: an error is answered with 400 or 401', async () => {
    expect((await token({ ...credentials, client_secret: 'wrong' })).status).to.equal(401);
    expect((await token({ ...credentials, grant_type: 'unheard-of' })).status).to.equal(400);
    expect((await token({ ...credentials, scope: 'a  "b' })).status).to.equal(400);
  });

  it('flow: grant_type, client_id, client_secret and a list of scopes separated by blanks', async () => {
    const reply = await token({ ...credentials, scope: 'catalog search' });
    expect(reply.status, reply.text).to.equal(200);
    expect(reply.string('scope').split(' ')).to.have.members(['catalog', 'search']);
  });

  it('flow: token_type, expires_in, and a JWT signed with the key of the server', async () => {
    const reply = await token();
    expect(reply.body).to.include({ token_type: 'Bearer', expires_in: 300 });
    const keys = (await server.request('GET', '/.well-known/jwks.json')).body as JSONWebKeySet;
    const { payload, protectedHeader } = await jwtVerify(reply.string('access_token'), createLocalJWKSet(keys), {
      issuer: BASE_URL,
      audience: BASE_URL,
      typ: 'at+jwt',
    });
    expect(payload).to.include({ sub: 'service', client_id: 'service' });
    expect(protectedHeader).to.have.property('kid');
  });

  it('request: by the HTTP Basic header', async () => {
    const as = { basic: ['service', 'service-secret'] } as const;
    const reply = await server.request('POST', '/auth/token', { as, form: 'grant_type=client_credentials' });
    expect(reply.status, reply.text).to.equal(200);
  });

  it('request: an assertion that the client has no key for is refused like a wrong secret', async () => {
    const { privateKey } = await generateKeyPair('ES256');
    const now = Math.floor(server.now() / 1000);
    const client_assertion = await new SignJWT({ iss: 'service', sub: 'service', jti: 'once', exp: now + 60 })
      .setProtectedHeader({ alg: 'ES256', typ: 'JWT' })
      .setAudience(`${BASE_URL}/auth/token`)
      .sign(privateKey);
    const client_assertion_type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
    const reply = await token({ grant_type: 'client_credentials', client_assertion_type, client_assertion });
    expect(reply.status).to.equal(401);
    expect(reply.body).to.include({ error: 'invalid_client' });
  });

  it('request: by a client assertion, each once', async () => {
    const { publicKey, privateKey } = await generateKeyPair('ES256');
    const key = { ...(await exportJWK(publicKey)), kid: 'a', alg: 'ES256', use: 'sig' };
    const client = { grant_types: ['client_credentials'], jwks: { keys: [key] } };
    expect((await server.request('PUT', '/Client/signing', { as: asRoot, json: client })).status).to.equal(201);
    const now = Math.floor(server.now() / 1000);
    const client_assertion = await new SignJWT({ iss: 'signing', sub: 'signing', jti: 'once', exp: now + 60 })
      .setProtectedHeader({ alg: 'ES256', kid: 'a', typ: 'JWT' })
      .setAudience(`${BASE_URL}/auth/token`)
      .sign(privateKey);
    const form = {
      grant_type: 'client_credentials',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion,
    };
    expect((await token(form)).status).to.equal(200);
    expect((await token(form)).body).to.include({ error: 'invalid_client' });
  });

  it('response: after expires_in seconds the token is no longer good', async () => {
    const as = { bearer: (await token()).string('access_token') };
    server.pass(298);
    expect((await server.request('GET', '/Patient', { as })).status).to.equal(200);
    server.pass(3);
    const late = await server.request('GET', '/Patient', { as });
    expect(late.status).to.equal(401);
    expect(late.header('www-authenticate')).to.include('invalid_token');
  });
});
