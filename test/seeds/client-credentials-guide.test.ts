/** The client credentials guide, from top to bottom: each example is sent as the guide writes it. */
import { expect } from 'chai';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { after, before, describe, it } from 'mocha';
import { type ClockedServer, startClockedServer } from '../harness/in-process.ts';
import { asRoot } from '../harness/server.ts';

const YAML = { accept: 'text/yaml', 'content-type': 'text/yaml' };
const SIMPLE = `
secret: verysecret
grant_types:
- client_credentials
`;
const CONFIGURED = `
secret: verysecret
grant_types:
- client_credentials
auth:
  client_credentials:
    access_token_expiration: 600 # 10 minutes
    token_format: jwt
    refresh_token: true
    refresh_token_expiration: 86400 # 1 day
`;
const POLICY = `
engine: allow
link:
- id: api-client
  resourceType: Client
`;
const WEBAPP = `
grant_types:
- password
auth:
  password:
    access_token_expiration: 600
    refresh_token: true
`;

describe('seeds: client credentials guide', () => {
  let server: ClockedServer;
  before(async () => {
    server = await startClockedServer({ SIGNING_ALG: 'RS256' });
  });
  after(() => server.stop());

  const put = (path: string, yaml: string) => server.request('PUT', path, { as: asRoot, headers: YAML, body: yaml });
  const byBasic = (form = 'grant_type=client_credentials') =>
    server.request('POST', '/auth/token', {
      headers: { authorization: 'Basic YXBpLWNsaWVudDp2ZXJ5c2VjcmV0' },
      form,
    });
  const byJson = () =>
    server.request('POST', '/auth/token', {
      json: { grant_type: 'client_credentials', client_id: 'api-client', client_secret: 'verysecret' },
    });

  it('configure client: a secret and the grant are all that it needs', async () => {
    const reply = await put('/Client/api-client', SIMPLE);
    expect(reply.status, reply.text).to.equal(201);
    expect(reply.header('content-type')).to.match(/^text\/yaml/);
    expect(reply.body).to.include({ id: 'api-client', resourceType: 'Client' }).and.not.have.property('secret');
    expect(reply.text).to.include('client_credentials').and.not.include('verysecret');
  });

  it('get access token, simple client: by the Authorization header', async () => {
    const { status, body } = await byBasic();
    expect(status).to.equal(200);
    expect(body).to.include({ token_type: 'Bearer' }).and.have.property('access_token').that.is.a('string');
    expect(body).to.not.have.property('refresh_token');
  });

  it('get access token, simple client: by a JSON request', async () => {
    const reply = await byJson();
    expect(reply.status).to.equal(200);
    expect(reply.body).to.include({ token_type: 'Bearer' });
    expect(reply.string('access_token')).to.match(/^[\w-]{43}$/);
  });

  it('configure client: the format and the life of tokens', async () => {
    const reply = await put('/Client/api-client', CONFIGURED);
    expect(reply.status, reply.text).to.equal(200);
    expect(reply.at('auth.client_credentials')).to.eql({
      access_token_expiration: 600,
      token_format: 'jwt',
      refresh_token: true,
      refresh_token_expiration: 86400,
    });
  });

  it('a new client has no access until a policy gives it', async () => {
    const bearer = (await byBasic()).string('access_token');
    expect((await server.request('GET', '/Patient', { as: { bearer } })).status).to.equal(403);
    const policy = await put('/AccessPolicy/api-client', POLICY);
    expect(policy.status, policy.text).to.equal(201);
    expect((await server.request('GET', '/Patient', { as: { bearer } })).status).to.equal(200);
  });

  it('get access token, configured client: a JWT and a refresh token', async () => {
    for (const reply of [await byBasic(), await byJson()]) {
      expect(reply.status).to.equal(200);
      expect(reply.body).to.include({ token_type: 'Bearer', expires_in: 600 });
      const access = decodeJwt(reply.string('access_token'));
      const refresh = decodeJwt(reply.string('refresh_token'));
      expect(decodeProtectedHeader(reply.string('access_token'))).to.include({ alg: 'RS256' });
      expect(access).to.include({ sub: 'api-client', iss: server.baseUrl });
      expect(Number(access.exp) - Number(access.iat)).to.equal(600);
      expect(refresh).to.include({ sub: 'api-client', typ: 'refresh', jti: access.jti, iss: access.iss });
    }
  });

  it('audience: the token carries what was asked for, and is good there and not here', async () => {
    const audience = 'http://resource.server.com';
    const reply = await byBasic(`grant_type=client_credentials&audience=${encodeURIComponent(audience)}`);
    const bearer = reply.string('access_token');
    expect([decodeJwt(bearer).aud].flat()).to.eql([audience]);
    const refused = await server.request('GET', '/Patient', { as: { bearer } });
    expect(refused.status).to.equal(401);
    expect(refused.header('www-authenticate')).to.include('error="invalid_token"');
  });

  it('using access token: in the Authorization header of a search', async () => {
    const bearer = (await byJson()).string('access_token');
    const reply = await server.request('GET', '/Patient', { as: { bearer } });
    expect(reply.status).to.equal(200);
    expect(reply.body).to.include({ resourceType: 'Bundle', type: 'searchset' });
  });

  it('refresh access token: a client without a secret sends its id alone', async () => {
    expect((await put('/Client/webapp', WEBAPP)).status).to.equal(201);
    expect((await put('/User/user', 'password: password\n')).status).to.equal(201);
    const json = { grant_type: 'password', client_id: 'webapp', username: 'user', password: 'password' };
    const first = await server.request('POST', '/auth/token', { json });
    const refresh_token = first.string('refresh_token');
    const reply = await server.request('POST', '/auth/token', {
      json: { grant_type: 'refresh_token', client_id: 'webapp', refresh_token },
    });
    expect(reply.status, reply.text).to.equal(200);
    expect(reply.body).to.include({ expires_in: 600 });
    expect(reply.string('access_token')).to.not.equal(first.string('access_token'));
  });

  it('refresh access token: the client of this guide proves who it is, and keeps its refresh token', async () => {
    const first = await byBasic();
    const refresh_token = first.string('refresh_token');
    const json = { grant_type: 'refresh_token', client_id: 'api-client', refresh_token };
    expect((await server.request('POST', '/auth/token', { json })).body).to.include({ error: 'invalid_client' });
    const reply = await server.request('POST', '/auth/token', { json: { ...json, client_secret: 'verysecret' } });
    expect(reply.status, reply.text).to.equal(200);
    expect(reply.body).to.include({ expires_in: 600, refresh_token });
    const renewed = { as: { bearer: reply.string('access_token') } };
    const ended = { as: { bearer: first.string('access_token') } };
    expect((await server.request('GET', '/Patient', renewed)).status).to.equal(200);
    expect((await server.request('GET', '/Patient', ended)).status).to.equal(401);
  });

  it('close session: the token ends, the Session stays as a resource', async () => {
    const bearer = (await byJson()).string('access_token');
    const id = String(decodeJwt(bearer).jti);
    expect((await server.request('DELETE', '/Session', { as: { bearer } })).status).to.equal(204);
    expect((await server.request('GET', '/Patient', { as: { bearer } })).status).to.equal(401);
    const found = await server.request('GET', `/Session?jti=${id}`, { as: asRoot });
    expect(found.at('entry.0.resource'))
      .to.include({ resourceType: 'Session', active: false })
      .and.have.property('end');
  });

  it('all sessions: a search like any other', async () => {
    const reply = await server.request('GET', '/Session', { as: asRoot });
    expect(reply.status).to.equal(200);
    expect(reply.list('entry')).to.have.length.of.at.least(5);
    expect(reply.at('entry.0.resource.resourceType')).to.equal('Session');
  });
});
