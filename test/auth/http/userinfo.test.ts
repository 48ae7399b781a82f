import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { asRoot } from '../../harness/server.ts';
import { type Api, startApi } from './api.ts';

describe('GET /auth/userinfo', () => {
  let api: Api;
  let user: string;
  let client: string;
  before(async () => {
    api = await startApi();
    await api.put('/Client/app', { secret: 'app-secret', grant_types: ['password', 'client_credentials'] });
    await api.put('/User/ann', {
      userName: 'Ann',
      email: 'ann@example.com',
      password: 'correct-horse',
      data: { org: 'o1' },
    });
    const key = { client_id: 'app', client_secret: 'app-secret' };
    const login = { grant_type: 'password', ...key, username: 'ann', password: 'correct-horse' };
    user = (await api.granted(login)).string('access_token');
    client = (await api.granted({ grant_type: 'client_credentials', ...key })).string('access_token');
  });
  after(() => api.stop());

  const ask = (bearer: string, method = 'GET') => api.request(method, '/auth/userinfo', { as: { bearer } });

  it('tells the User behind a token, without any policy and without password', async () => {
    const reply = await ask(user);
    expect(reply.status, reply.text).to.equal(200);
    expect(reply.body).to.deep.include({
      resourceType: 'User',
      id: 'ann',
      sub: 'ann',
      email: 'ann@example.com',
      data: { org: 'o1' },
    });
    expect(reply.text).to.not.match(/password|argon2|secret/);
    expect(reply.header('cache-control')).to.equal('no-store');
  });

  it('tells the Client behind a token of its own, without secret', async () => {
    const reply = await ask(client);
    expect(reply.body).to.include({ resourceType: 'Client', id: 'app', sub: 'app' });
    expect(reply.text).to.not.match(/app-secret|argon2|"secret"/);
  });

  it('takes POST as well, and answers YAML where that is asked for', async () => {
    expect((await ask(user, 'POST')).at('sub')).to.equal('ann');
    const headers = { accept: 'text/yaml', authorization: `Bearer ${user}` };
    const reply = await api.request('GET', '/auth/userinfo', { headers });
    expect(reply.header('content-type')).to.match(/^text\/yaml/);
    expect(reply.at('sub')).to.equal('ann');
  });

  it('shows a change of the User at once', async () => {
    await api.put('/User/ann', { userName: 'Ann', email: 'new@example.com' });
    expect((await ask(user)).at('email')).to.equal('new@example.com');
  });

  it('RFC 6750 §3.1: without a token 401 and a challenge without a code', async () => {
    const none = await api.request('GET', '/auth/userinfo');
    expect([none.status, none.at('error')]).to.eql([401, 'invalid_token']);
    expect(none.header('www-authenticate')).to.equal('Bearer realm="ward"');
    const bad = await ask('x'.repeat(43));
    expect(bad.status).to.equal(401);
    expect(bad.header('www-authenticate')).to.include('error="invalid_token"');
    expect((await api.request('GET', '/auth/userinfo', { as: asRoot })).status).to.equal(401);
    expect((await api.request('GET', `/auth/userinfo?access_token=${user}`)).status).to.equal(401);
    expect((await api.request('PUT', '/auth/userinfo', { as: { bearer: user }, json: {} })).status).to.equal(405);
  });
});
