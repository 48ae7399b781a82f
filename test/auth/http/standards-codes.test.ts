/** What the standards ask of the authorization code flow, section by section, where no other test says it. */
import { expect } from 'chai';
import { decodeJwt } from 'jose';
import { after, before, describe, it } from 'mocha';
import type { Reply } from '../../harness/http.ts';
import { type Api, type Form, refusal, startApi } from './api.ts';
import { answerIn, browserOf, CHALLENGE, codeIn, VERIFIER } from './browser.ts';

const CALLBACK = 'https://app.example/callback';
const REFUSED = '400 invalid_grant';
/** Every character that a verifier may have (RFC 7636 §4.1). */
const UNRESERVED = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~';

describe('standards of the authorization code flow', () => {
  let api: Api;
  before(async () => {
    api = await startApi();
    const auth = { authorization_code: { redirect_uris: [CALLBACK], refresh_token: true } };
    const app = { grant_types: ['authorization_code'], auth };
    await api.put('/Client/app', { ...app, first_party: true });
    await api.put('/Client/asking', app);
    for (const id of ['ann', 'eve']) await api.put(`/User/${id}`, { userName: id, password: 'correct-horse' });
    await api.put('/AccessPolicy/ann', { engine: 'allow', link: [{ reference: 'User/ann' }] });
  });
  after(() => api.stop());

  const QUERY = {
    response_type: 'code',
    client_id: 'app',
    redirect_uri: CALLBACK,
    state: 'the state',
    code_challenge: CHALLENGE,
    code_challenge_method: 'S256',
  };
  const back = (query: Form = {}, person = 'ann') => browserOf(api).authorize({ ...QUERY, ...query }, person);
  const newCode = async (query: Form = {}, person = 'ann') => codeIn(await back(query, person));
  const exchange = (code: string, form: Form = {}): Promise<Reply> =>
    api.token({
      grant_type: 'authorization_code',
      client_id: 'app',
      redirect_uri: CALLBACK,
      code,
      code_verifier: VERIFIER,
      ...form,
    });
  const challengeOf = async (verifier: string) => {
    const digest = await crypto.subtle.digest('SHA-256', Buffer.from(verifier));
    return Buffer.from(digest).toString('base64url');
  };
  const metadata = () => api.request('GET', '/.well-known/oauth-authorization-server');

  it('RFC 6749 §10.10: codes and tokens are 32 bytes of chance in 43 characters, and no two are the same', async () => {
    const made: string[] = [];
    for (let at = 0; at < 4; at += 1) {
      const code = await newCode();
      const reply = await exchange(code);
      made.push(code, reply.string('access_token'), reply.string('refresh_token'));
    }
    expect(new Set(made).size).to.equal(12);
    for (const each of made) {
      expect(each).to.match(/^[\w-]{43}$/);
      expect(Buffer.from(each, 'base64url')).to.have.length(32);
    }
  });

  for (const [why, verifier, expected] of [
    ['43 characters', 'a'.repeat(43), '200 undefined'],
    ['128 characters', 'a'.repeat(128), '200 undefined'],
    ['every character that is unreserved', UNRESERVED, '200 undefined'],
    ['42 characters', 'a'.repeat(42), REFUSED],
    ['129 characters', 'a'.repeat(129), REFUSED],
    ['a character that is reserved', `${'a'.repeat(43)}+`, REFUSED],
    ['a character that is not ASCII', `${'a'.repeat(43)}é`, REFUSED],
  ] as const) {
    it(`RFC 7636 §4.1: a verifier of ${why}: ${expected.slice(0, 3)}`, async () => {
      const code = await newCode({ code_challenge: await challengeOf(verifier) });
      expect(refusal(await exchange(code, { code_verifier: verifier }))).to.equal(expected);
    });
  }

  it('RFC 7636 §4.2: the challenge is the SHA-256 of the verifier in base64url, as appendix B has it', async () => {
    const code_challenge = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM';
    const code_verifier = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk';
    expect((await exchange(await newCode({ code_challenge }), { code_verifier })).status).to.equal(200);
  });

  it('RFC 7636 §4.4: nobody learns the challenge from the code or from what comes with it', async () => {
    const reply = await back();
    expect(Object.keys(answerIn(reply)).sort()).to.eql(['code', 'iss', 'state']);
    expect(reply.header('location')).to.not.include(CHALLENGE);
  });

  it('RFC 7636 §4.5: the verifier comes with the code', async () => {
    const code = await newCode();
    expect(refusal(await exchange(code, { code_verifier: '' }))).to.equal('400 invalid_request');
    expect((await exchange(code)).status).to.equal(200);
  });

  it('RFC 9207 §2: an error says who gives it, as a code does', async () => {
    for (const query of [{}, { prompt: 'none' }]) expect(answerIn(await back(query)).iss).to.equal(api.issuer);
  });

  it('RFC 9207 §2.3: the metadata says that iss comes, and has the same issuer', async () => {
    const { body } = await metadata();
    expect(body).to.include({
      authorization_response_iss_parameter_supported: true,
      issuer: answerIn(await back()).iss,
    });
  });

  it('RFC 9700 §4.5.3.1: code injection: the code of another login is of no use to the app', async () => {
    const evesVerifier = 'e'.repeat(43);
    const evesCode = await newCode({ code_challenge: await challengeOf(evesVerifier) }, 'eve');
    // Ann's app has its own verifier, whoever put the code into its answer.
    expect(refusal(await exchange(evesCode))).to.equal(REFUSED);
    const annsCode = await newCode();
    expect(refusal(await exchange(annsCode, { code_verifier: evesVerifier }))).to.equal(REFUSED);
    expect((await exchange(annsCode)).status).to.equal(200);
  });

  it('RFC 9700 §4.5.3.2: code injection: the nonce is that of the request', async () => {
    const reply = await exchange(await newCode({ scope: 'openid', nonce: 'of ann' }));
    expect(decodeJwt(reply.string('id_token'))).to.include({ nonce: 'of ann', sub: 'ann', aud: 'app' });
  });

  it('RFC 9700 §4.7.1, RFC 6749 §4.1.2: CSRF on the app: state comes back as it was, and PKCE is told', async () => {
    const state = 'Zm9v.{"a":"b&c=d+e"} é';
    expect(answerIn(await back({ state })).state).to.equal(state);
    expect((await metadata()).at('code_challenge_methods_supported')).to.eql(['S256']);
  });

  it('RFC 9700 §4.3.1, RFC 9700 §4.3.2: a browser’s history has a code that is spent, never a token', async () => {
    const reply = await back();
    expect(Object.keys(answerIn(reply)).sort()).to.eql(['code', 'iss', 'state']);
    expect([reply.header('cache-control'), reply.header('referrer-policy')]).to.eql(['no-store', 'no-referrer']);
    expect((await exchange(codeIn(reply))).status).to.equal(200);
    expect(refusal(await exchange(codeIn(reply)))).to.equal(REFUSED);
  });

  it('RFC 9700 §4.12: after a form the browser goes on by 303, which takes no password along', async () => {
    const asking = { ...QUERY, client_id: 'asking' };
    const browser = browserOf(api);
    const signIn = await browser.open(asking);
    const consent = await browser.signIn(signIn);
    const sent = [
      await browserOf(api).authorize(QUERY),
      await browser.send(consent, { answer: 'allow' }),
      await browser.send(await browser.open({ ...asking, prompt: 'login' }), { answer: 'deny' }),
      await api.request('POST', '/auth/authorize', { form: { ...QUERY, username: 'ann', password: 'correct-horse' } }),
    ];
    api.pass(3601);
    sent.push(await browser.signIn(signIn));
    for (const reply of sent) {
      expect(reply.status, reply.header('location')).to.equal(303);
      expect(reply.header('location')).to.not.match(/correct-horse|password/);
    }
  });
});
