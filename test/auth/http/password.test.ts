import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import type { RequestOptions } from '../../harness/http.ts';
import { type Api, type Form, refusal, startApi } from './api.ts';

const ANN = { username: 'ann', password: 'correct-horse' };

describe('password over HTTP (RFC 6749 §4.3)', () => {
  let api: Api;
  before(async () => {
    api = await startApi();
    const app = { grant_types: ['password'], auth: { password: { refresh_token: true } } };
    await api.put('/Client/webapp', app);
    await api.put('/Client/confidential', { ...app, secret: 'app-secret' });
    await api.put('/Client/excused', { ...app, secret: 'app-secret', auth: { password: { secret_required: false } } });
    await api.put('/Client/service', { secret: 'app-secret', grant_types: ['client_credentials'] });
    await api.put('/Client/off', { ...app, active: false });
    await api.put('/User/ann', {
      userName: 'Ann.Smith',
      email: 'ann@example.com',
      password: 'correct-horse',
      name: { givenName: 'Ann' },
      data: { org: 'o1' },
    });
    await api.put('/User/gone', { password: 'correct-horse', inactive: true });
    await api.put('/User/silent', { userName: 'silent' });
  });
  after(() => api.stop());

  const form = (more: Form = {}) => ({ grant_type: 'password', client_id: 'webapp', ...ANN, ...more });

  const logins: [why: string, username: string][] = [
    ['id', 'ann'],
    ['userName', 'Ann.Smith'],
    ['userName in another case', 'ann.smith'],
    ['email', 'ann@example.com'],
    ['email in another case', 'ANN@Example.com'],
    ['userName in another Unicode form', 'Ａnn.Smith'],
  ];
  for (const [why, username] of logins) {
    it(`RFC 6749 §4.3.2: names the user by ${why}`, async () => {
      const reply = await api.granted(form({ username }));
      expect(reply.at('userinfo.id')).to.equal('ann');
    });
  }

  it('RFC 6749 §4.3.3: answers with the tokens and with the user, without password', async () => {
    const reply = await api.granted(form());
    expect(reply.body).to.have.keys('token_type', 'access_token', 'expires_in', 'refresh_token', 'userinfo');
    expect(reply.at('userinfo')).to.deep.include({
      resourceType: 'User',
      id: 'ann',
      sub: 'ann',
      userName: 'Ann.Smith',
      email: 'ann@example.com',
      name: { givenName: 'Ann' },
      data: { org: 'o1' },
    });
    expect(reply.text).to.not.match(/correct-horse|argon2|"password"/);
    expect(reply.header('cache-control')).to.equal('no-store');
  });

  it('takes JSON', async () => {
    const reply = await api.request('POST', '/auth/token', { json: form() });
    expect(reply.status, reply.text).to.equal(200);
  });

  it('speaks for the user: the Session names both', async () => {
    await api.granted(form({ client_id: 'confidential', client_secret: 'app-secret' }));
    const [session] = await api.found('/Session?client=Client/confidential');
    expect(session).to.deep.include({ type: 'password', user: { reference: 'User/ann' }, active: true });
    expect(session).to.include.keys('refresh_token_exp');
  });

  it('secret_required false: a confidential client may leave its secret out, but a wrong one is refused', async () => {
    await api.granted(form({ client_id: 'excused' }));
    await api.granted(form({ client_id: 'excused', client_secret: 'app-secret' }));
    const wrong = await api.token(form({ client_id: 'excused', client_secret: 'wrong' }));
    expect(refusal(wrong)).to.equal('401 invalid_client');
  });

  const basic = (id: string, secret: string): RequestOptions => ({ as: { basic: [id, secret] } });
  const refused: [why: string, more: Form, expected: string, options?: RequestOptions][] = [
    ['a wrong password', { password: 'wrong' }, '400 invalid_grant'],
    ['an empty password', { password: '' }, '400 invalid_request'],
    ['no username', { username: '' }, '400 invalid_request'],
    ['a password in another case', { password: 'Correct-Horse' }, '400 invalid_grant'],
    ['an unknown user', { username: 'nobody' }, '400 invalid_grant'],
    ['an inactive user', { username: 'gone' }, '400 invalid_grant'],
    ['a user without password', { username: 'silent', password: 'x' }, '400 invalid_grant'],
    ['a client as user', { username: 'service', password: 'app-secret' }, '400 invalid_grant'],
    ['an unknown client', { client_id: 'nobody' }, '401 invalid_client'],
    ['a client that is switched off', { client_id: 'off' }, '401 invalid_client'],
    ['no client', { client_id: '' }, '401 invalid_client'],
    ['a confidential client without its secret', { client_id: 'confidential' }, '401 invalid_client'],
    ['a wrong secret', { client_id: 'confidential', client_secret: 'wrong' }, '401 invalid_client'],
    ['a secret sent for a public client', { client_secret: 'x' }, '401 invalid_client'],
    ['grant not registered', { client_id: 'service', client_secret: 'app-secret' }, '400 unauthorized_client'],
    ['the password of the client', { password: 'app-secret' }, '400 invalid_grant'],
    [
      'authenticate as A with client_id=B',
      { client_id: 'webapp' },
      '400 invalid_request',
      basic('confidential', 'app-secret'),
    ],
  ];
  for (const [why, more, expected, options] of refused) {
    it(`RFC 6749 §4.3.2, §5.2: refuses ${why}`, async () =>
      expect(refusal(await api.token(form(more), options))).to.equal(expected));
  }

  it('answers an unknown user, a wrong password and an inactive user alike', async () => {
    const replies = await Promise.all([
      api.token(form({ username: 'nobody' })),
      api.token(form({ password: 'wrong' })),
      api.token(form({ username: 'gone' })),
      api.token(form({ username: 'silent' })),
    ]);
    expect(new Set(replies.map(({ status, text }) => `${status} ${text}`)).size).to.equal(1);
  });

  it('RFC 9700 §4.15.1: client id equal to a user id: a login and a subject are never ambiguous', async () => {
    const admin = { as: { basic: ['root', 'root-secret-of-the-tests'] as const } };
    const taken = [
      api.request('PUT', '/User/webapp', { ...admin, json: { password: 'x' } }),
      api.request('PUT', '/Client/ann', { ...admin, json: { secret: 'x' } }),
      api.request('PUT', '/User/u2', { ...admin, json: { userName: 'ANN' } }),
      api.request('PUT', '/User/u3', { ...admin, json: { email: 'ann.smith' } }),
      api.request('PUT', '/User/u4', { ...admin, json: { userName: 'webapp' } }),
    ];
    expect((await Promise.all(taken)).map(({ status }) => status)).to.eql([409, 409, 409, 409, 409]);
  });
});
