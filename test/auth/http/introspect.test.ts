import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { asRoot } from '../../harness/server.ts';
import { type Api, type Form, refusal, startApi } from './api.ts';

const SECRET = 'app-secret';
const FILES = 'https://files.example';

describe('introspection over HTTP (RFC 7662)', () => {
  let api: Api;
  before(async () => {
    api = await startApi();
    const auth = { password: { refresh_token: true } };
    for (const id of ['app', 'other', 'resource-server', 'reader']) {
      await api.put(`/Client/${id}`, { secret: SECRET, grant_types: ['password', 'client_credentials'], auth });
    }
    await api.put('/Client/files', { secret: SECRET, grant_types: ['client_credentials'], resources: [FILES] });
    await api.put('/Client/public', { grant_types: ['password'], auth });
    await api.put('/User/ann', { userName: 'Ann', password: 'correct-horse' });
    await api.put('/AccessPolicy/introspect', {
      engine: 'allow',
      link: [
        { resourceType: 'Client', id: 'resource-server' },
        { resourceType: 'Client', id: 'files' },
        { resourceType: 'Operation', id: 'introspect' },
      ],
    });
    await api.put('/AccessPolicy/reader', {
      engine: 'allow',
      link: [
        { resourceType: 'Client', id: 'reader' },
        { resourceType: 'Operation', id: 'Patient.read' },
      ],
    });
  });
  after(() => api.stop());

  const login = (client = 'app', more: Form = {}) =>
    api.granted({
      grant_type: 'password',
      client_id: client,
      client_secret: SECRET,
      username: 'ann',
      password: 'correct-horse',
      ...more,
    });
  const ask = (token: string, client = 'app', more: Form = {}) =>
    api.request('POST', '/auth/introspect', { form: { token, client_id: client, client_secret: SECRET, ...more } });

  it('RFC 7662 §2.2: tells a client of its own access token', async () => {
    const reply = await ask((await login('app', { scope: 'a b' })).string('access_token'));
    expect(reply.status, reply.text).to.equal(200);
    expect(reply.header('cache-control')).to.equal('no-store');
    expect(reply.body).to.include({
      active: true,
      client_id: 'app',
      sub: 'ann',
      username: 'Ann',
      scope: 'a b',
      token_type: 'Bearer',
      iss: api.issuer,
      aud: api.issuer,
    });
    expect(reply.header('content-type')).to.match(/^application\/json/);
    expect([reply.at('iat'), reply.at('exp')].every(Number.isInteger), reply.text).to.equal(true);
    expect(Number(reply.at('exp')) - Number(reply.at('iat'))).to.equal(3600);
    expect(reply.at('jti')).to.be.a('string');
  });

  it('tells a client of its own refresh token, which is no bearer token', async () => {
    const reply = await ask((await login()).string('refresh_token'));
    expect(reply.body).to.include({ active: true, client_id: 'app', sub: 'ann' }).and.not.have.property('token_type');
  });

  it('a token of client_credentials has the client as subject', async () => {
    const token = await api.granted({ grant_type: 'client_credentials', client_id: 'app', client_secret: SECRET });
    const reply = await ask(token.string('access_token'));
    expect(reply.body).to.include({ active: true, sub: 'app' }).and.not.have.property('username');
  });

  it('RFC 7662 §2.2, RFC 7662 §5: others get {"active":false}: other clients, and policies about else', async () => {
    const token = (await login()).string('access_token');
    for (const client of ['other', 'reader']) expect((await ask(token, client)).body).to.eql({ active: false });
  });

  it('the operation link introspect lets a resource server ask about any token', async () => {
    const reply = await ask((await login()).string('access_token'), 'resource-server');
    expect(reply.body).to.include({ active: true, client_id: 'app' });
  });

  it('RFC 7662 §4: tells no resource server of a refresh token, whatever the policies say', async () => {
    for (const audience of [api.issuer, FILES]) {
      const token = (await login('app', { audience })).string('refresh_token');
      for (const [client, active] of Object.entries({ 'resource-server': true, files: false, app: true })) {
        expect((await ask(token, client)).at('active'), `${client}, ${audience}`).to.equal(active);
      }
    }
  });

  it('RFC 7662 §4: tells a resource server of tokens for the audiences that it serves, and of its own', async () => {
    const of = async (client: string, audience: string) => {
      const sent = { grant_type: 'client_credentials', client_id: client, client_secret: SECRET };
      const asked = audience.split(' ').map((each) => `&audience=${encodeURIComponent(each)}`);
      return (await api.granted(`${new URLSearchParams(sent)}${asked.join('')}`)).string('access_token');
    };
    const told = async (token: string, client: string) => (await ask(token, client)).body;
    for (const audience of [FILES, `${FILES}/`, `https://other.example ${FILES}`]) {
      expect(await told(await of('app', audience), 'files'), audience).to.include({ active: true, client_id: 'app' });
    }
    for (const audience of ['https://other.example', `${FILES}/sub`, api.issuer]) {
      const token = await of('app', audience);
      expect(await told(token, 'files'), audience).to.eql({ active: false });
      expect(await told(token, 'resource-server'), audience).to.include({ active: true });
      expect(await told(await of('files', audience), 'files'), audience).to.include({ active: true });
    }
  });

  it('RFC 7662 §4: what a Client serves lets it ask about nothing that its policies do not', async () => {
    await api.put('/Client/served', { secret: SECRET, resources: [api.issuer] });
    expect((await ask((await login()).string('access_token'), 'served')).body).to.eql({ active: false });
  });

  it('a policy that was deleted holds from the next request', async () => {
    const token = (await login()).string('access_token');
    await api.put('/AccessPolicy/once', {
      engine: 'allow',
      link: [{ reference: 'Client/other' }, { reference: 'Operation/introspect' }],
    });
    expect((await ask(token, 'other')).at('active')).to.equal(true);
    await api.remove('/AccessPolicy/once');
    expect((await ask(token, 'other')).body).to.eql({ active: false });
  });

  it('does not let a policy for introspection open anything else', async () => {
    const token = await api.granted({
      grant_type: 'client_credentials',
      client_id: 'resource-server',
      client_secret: SECRET,
    });
    expect(await api.statusWith(token.string('access_token'))).to.equal(403);
  });

  const inactive: [why: string, token: () => Promise<string>][] = [
    ['an unknown token', async () => 'x'.repeat(43)],
    ['what is no token', async () => '{}'],
    ['an unsigned JWT', async () => 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJyb290In0.'],
    [
      'an expired one',
      async () => {
        const token = (await login()).string('access_token');
        api.pass(3601);
        return token;
      },
    ],
    [
      'one that was refreshed',
      async () => {
        const reply = await login();
        await api.granted({
          grant_type: 'refresh_token',
          client_id: 'app',
          client_secret: SECRET,
          refresh_token: reply.string('refresh_token'),
        });
        return reply.string('access_token');
      },
    ],
    [
      'a revoked one',
      async () => {
        const token = (await login()).string('access_token');
        await api.request('DELETE', '/Session', { as: { bearer: token } });
        return token;
      },
    ],
    [
      'one whose user was switched off',
      async () => {
        await api.put('/User/bob', { password: 'correct-horse' });
        const token = (await login('app', { username: 'bob' })).string('access_token');
        await api.put('/User/bob', { inactive: true });
        return token;
      },
    ],
  ];
  for (const [why, token] of inactive) {
    it(`RFC 7662 §2.2, §4: ${why}: {"active":false} and nothing more`, async () => {
      expect((await ask(await token())).body).to.eql({ active: false });
    });
  }

  const refused: [why: string, form: Form, expected: string][] = [
    ['no client', { token: 'x' }, '401 invalid_client'],
    [
      'a public client, whose id proves nothing (RFC 6749 §2.2)',
      { token: 'x', client_id: 'public' },
      '401 invalid_client',
    ],
    ['a confidential client without its secret', { token: 'x', client_id: 'app' }, '401 invalid_client'],
    ['a wrong secret', { token: 'x', client_id: 'app', client_secret: 'wrong' }, '401 invalid_client'],
    ['no token', { client_id: 'app', client_secret: SECRET }, '400 invalid_request'],
  ];
  for (const [why, form, expected] of refused) {
    it(`RFC 7662 §2.1, §2.3: refuses ${why}`, async () => {
      expect(refusal(await api.request('POST', '/auth/introspect', { form }))).to.equal(expected);
    });
  }

  it('RFC 7662 §2.1: refuses a bearer token as authentication, GET, and a token in the query', async () => {
    const bearer = (await login()).string('access_token');
    const form = { token: bearer };
    expect((await api.request('POST', '/auth/introspect', { form, as: { bearer } })).status).to.equal(401);
    expect((await api.request('GET', '/auth/introspect', { as: asRoot })).status).to.equal(405);
    const query = await api.request('POST', `/auth/introspect?token=${bearer}`, { as: asRoot });
    expect(refusal(query)).to.equal('400 invalid_request');
  });
});
