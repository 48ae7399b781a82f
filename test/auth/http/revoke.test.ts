import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import type { Reply } from '../../harness/http.ts';
import { type Api, type Form, refusal, startApi } from './api.ts';

const SECRET = 'app-secret';

describe('revocation over HTTP (RFC 7009)', () => {
  let api: Api;
  before(async () => {
    api = await startApi();
    for (const [id, more] of Object.entries({
      public: {},
      confidential: { secret: SECRET },
      other: { secret: 'other-secret' },
      jwt: { secret: SECRET },
    })) {
      const format = id === 'jwt' ? { token_format: 'jwt' } : {};
      await api.put(`/Client/${id}`, {
        grant_types: ['password'],
        auth: { password: { refresh_token: true, ...format } },
        ...more,
      });
    }
    await api.put('/Client/excused', {
      grant_types: ['password'],
      secret: SECRET,
      auth: { password: { refresh_token: true, secret_required: false } },
    });
    await api.put('/User/ann', { password: 'correct-horse' });
    await api.put('/AccessPolicy/all', { engine: 'allow', link: [{ reference: 'User/ann' }] });
  });
  after(() => api.stop());

  const proofOf = (client: string): Form => (client === 'public' ? {} : { client_secret: SECRET });
  const login = (client: string) =>
    api.granted({
      grant_type: 'password',
      client_id: client,
      username: 'ann',
      password: 'correct-horse',
      ...proofOf(client),
    });
  const revoke = (form: Form) => api.request('POST', '/auth/revoke', { form });
  const refresh = (client: string, reply: Reply) =>
    api.token({
      grant_type: 'refresh_token',
      client_id: client,
      refresh_token: reply.string('refresh_token'),
      ...proofOf(client),
    });

  for (const client of ['public', 'confidential', 'jwt']) {
    for (const name of ['access_token', 'refresh_token']) {
      it(`RFC 7009 §2, §2.1: the ${name} of the client ${client} ends the Session, and both tokens`, async () => {
        const reply = await login(client);
        const ended = await revoke({ token: reply.string(name), client_id: client, ...proofOf(client) });
        expect(ended.status, ended.text).to.equal(200);
        expect(await api.statusWith(reply.string('access_token'))).to.equal(401);
        expect(refusal(await refresh(client, reply))).to.equal('400 invalid_grant');
        const [session] = await api.found(`/Session?client=Client/${client}&_sort=-_lastUpdated&_count=1`);
        expect(session).to.include({ active: false }).and.include.keys('end');
      });
    }
  }

  it('RFC 7009 §2.2: 200 has a JSON content type, which some clients insist on, and no cache may keep it', async () => {
    const reply = await revoke({ token: 'unknown', client_id: 'public' });
    expect(reply.status).to.equal(200);
    expect(reply.header('content-type')).to.match(/^application\/json/);
    expect(reply.header('cache-control')).to.equal('no-store');
    expect(reply.body).to.eql({});
  });

  it('RFC 7009 §2.2: an unknown token, one that was revoked, and one that is none: 200 all the same', async () => {
    const reply = await login('public');
    for (const token of [reply.string('access_token'), reply.string('access_token'), 'x', 'a.b.c', '🔑']) {
      expect((await revoke({ token, client_id: 'public' })).status).to.equal(200);
    }
  });

  it('RFC 7009 §2.1, RFC 7009 §2.2: a wrong or unknown token_type_hint changes nothing', async () => {
    for (const name of ['access_token', 'refresh_token']) {
      for (const token_type_hint of ['refresh_token', 'access_token', 'nonsense']) {
        const reply = await login('public');
        const form = { token: reply.string(name), token_type_hint, client_id: 'public' };
        expect((await revoke(form)).status).to.equal(200);
        expect(await api.statusWith(reply.string('access_token'))).to.equal(401);
      }
    }
  });

  it('a spent refresh token ends its Session', async () => {
    const first = await login('public');
    const second = await refresh('public', first);
    expect((await revoke({ token: first.string('refresh_token'), client_id: 'public' })).status).to.equal(200);
    expect(await api.statusWith(second.string('access_token'))).to.equal(401);
  });

  it('secret_required false excuses the client here as well', async () => {
    const reply = await login('excused');
    expect((await revoke({ token: reply.string('access_token'), client_id: 'excused' })).status).to.equal(200);
    expect(await api.statusWith(reply.string('access_token'))).to.equal(401);
  });

  const refused: [why: string, form: (token: string) => Form, expected: string][] = [
    [
      'the token of another client',
      (token) => ({ token, client_id: 'other', client_secret: 'other-secret' }),
      '400 invalid_grant',
    ],
    [
      'a confidential client without its secret',
      (token) => ({ token, client_id: 'confidential' }),
      '401 invalid_client',
    ],
    ['a wrong secret', (token) => ({ token, client_id: 'confidential', client_secret: 'wrong' }), '401 invalid_client'],
    ['no client', (token) => ({ token }), '401 invalid_client'],
    ['an unknown client', (token) => ({ token, client_id: 'nobody' }), '401 invalid_client'],
    ['no token', () => ({ client_id: 'public' }), '400 invalid_request'],
  ];
  for (const [why, form, expected] of refused) {
    it(`RFC 7009 §2.1: refuses ${why}, and ends nothing`, async () => {
      const reply = await login('confidential');
      expect(refusal(await revoke(form(reply.string('access_token'))))).to.equal(expected);
      expect(await api.statusWith(reply.string('access_token'))).to.equal(200);
    });
  }

  it('RFC 7009 §2.1: GET is refused: a token does not belong in a URL', async () => {
    expect((await api.request('GET', '/auth/revoke?token=x')).status).to.equal(405);
    const reply = await api.request('POST', '/auth/revoke?token=x', { form: { client_id: 'public' } });
    expect(refusal(reply)).to.equal('400 invalid_request');
  });
});
