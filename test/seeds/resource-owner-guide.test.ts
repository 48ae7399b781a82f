/** The resource owner guide, from top to bottom: each example is sent as the guide writes it. */
import { expect } from 'chai';
import { decodeJwt } from 'jose';
import { after, before, describe, it } from 'mocha';
import { type ClockedServer, startClockedServer } from '../harness/in-process.ts';
import { asRoot } from '../harness/server.ts';

const YAML = { accept: 'text/yaml', 'content-type': 'text/yaml' };
const SIMPLE = `
secret: verysecret
grant_types:
- password
`;
const CONFIGURED = `${SIMPLE}
auth:
  password:
    token_format: jwt
    access_token_expiration: 3600
    refresh_token: true
    secret_required: true
`;
const USER = `
email: user@mail.com
password: password
`;
const JSON_REQUEST = {
  grant_type: 'password',
  client_id: 'myapp',
  client_secret: 'verysecret',
  username: 'user',
  password: 'password',
};

describe('seeds: resource owner guide', () => {
  let server: ClockedServer;
  before(async () => {
    server = await startClockedServer();
    const user = await server.request('PUT', '/User/user', { as: asRoot, yaml: USER });
    expect(user.status, user.text).to.equal(201);
  });
  after(() => server.stop());

  const put = (path: string, yaml: string) => server.request('PUT', path, { as: asRoot, headers: YAML, body: yaml });
  const token = (json: object = JSON_REQUEST) => server.request('POST', '/auth/token', { json });
  const read = (bearer: string) => server.request('GET', '/Patient', { as: { bearer } });

  it('client: a secret and the grant', async () => {
    const reply = await put('/Client/myapp', SIMPLE);
    expect(reply.status, reply.text).to.equal(201);
    expect(reply.at('grant_types')).to.eql(['password']);
    expect(reply.text).to.not.include('verysecret');
  });

  it('policies count for the user, not for the client', async () => {
    const bearer = (await token()).string('access_token');
    await put('/AccessPolicy/for-client', 'engine: allow\nlink:\n- id: myapp\n  resourceType: Client\n');
    expect((await read(bearer)).status).to.equal(403);
    await put('/AccessPolicy/for-user', 'engine: allow\nlink:\n- id: user\n  resourceType: User\n');
    expect((await read(bearer)).status).to.equal(200);
  });

  it('client: the four attributes of the table', async () => {
    const reply = await put('/Client/myapp', CONFIGURED);
    expect(reply.status, reply.text).to.equal(200);
    expect(reply.at('auth.password')).to.eql({
      token_format: 'jwt',
      access_token_expiration: 3600,
      refresh_token: true,
      secret_required: true,
    });
  });

  it('secret_required: the client proves who it is, unless the attribute says that it need not', async () => {
    const { client_secret: _, ...without } = JSON_REQUEST;
    expect((await token(without)).body).to.include({ error: 'invalid_client' });
    await put('/Client/myapp', CONFIGURED.replace('secret_required: true', 'secret_required: false'));
    expect((await token(without)).status).to.equal(200);
    await put('/Client/myapp', CONFIGURED);
    expect((await token(without)).status).to.equal(401);
  });

  it('using Basic: the client in the header, the user in the form', async () => {
    const reply = await server.request('POST', '/auth/token', {
      as: { basic: ['myapp', 'verysecret'] },
      form: 'grant_type=password&username=user&password=password',
    });
    expect(reply.status, reply.text).to.equal(200);
    expect(reply.body).to.include({ token_type: 'Bearer', expires_in: 3600 });
  });

  it('JSON request, and the token response', async () => {
    const reply = await token();
    expect(reply.status, reply.text).to.equal(200);
    expect(reply.body).to.include({ token_type: 'Bearer', expires_in: 3600 });
    expect(reply.at('userinfo')).to.include({ email: 'user@mail.com', id: 'user', resourceType: 'User', sub: 'user' });
    expect(reply.at('userinfo')).to.not.have.property('password');
    const access = decodeJwt(reply.string('access_token'));
    const refresh = decodeJwt(reply.string('refresh_token'));
    expect(access).to.include({ sub: 'user', iss: server.baseUrl });
    expect(Number(access.exp) - Number(access.iat)).to.equal(3600);
    expect(refresh).to.include({ sub: 'myapp', typ: 'refresh', jti: access.jti });
  });

  it('the user may be named by id or by email, and a wrong password is refused', async () => {
    expect((await token({ ...JSON_REQUEST, username: 'user@mail.com' })).status).to.equal(200);
    const wrong = await token({ ...JSON_REQUEST, password: 'Password' });
    expect(wrong.status).to.equal(400);
    expect(wrong.body).to.include({ error: 'invalid_grant' });
  });

  it('authorized request: the token in the Authorization header', async () => {
    const reply = await read((await token()).string('access_token'));
    expect(reply.status).to.equal(200);
    expect(reply.body).to.include({ resourceType: 'Bundle', type: 'searchset' });
  });

  it('close session, with the token itself', async () => {
    const bearer = (await token()).string('access_token');
    expect((await server.request('DELETE', '/Session', { as: { bearer } })).status).to.equal(204);
    expect((await read(bearer)).status).to.equal(401);
  });

  it('all sessions: each names its user and its client', async () => {
    const reply = await server.request('GET', '/Session?user=User/user&client=Client/myapp', { as: asRoot });
    expect(reply.status, reply.text).to.equal(200);
    expect(reply.list('entry')).to.have.length.of.at.least(4);
    expect(reply.at('entry.0.resource')).to.include({ resourceType: 'Session', type: 'password' });
  });
});
