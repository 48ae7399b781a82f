/** OpenID Connect Core: ID tokens and the parameters of authentication requests. */
import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from 'jose';
import { after, before, beforeEach, describe, it } from 'mocha';
import { type Api, refusal, startApi } from './api.ts';
import { answerIn, type Browser, browserOf, CHALLENGE, codeIn, type Query, VERIFIER } from './browser.ts';

const CALLBACK = 'https://app.example/callback';
const QUERY = {
  response_type: 'code',
  client_id: 'app',
  redirect_uri: CALLBACK,
  scope: 'openid',
  code_challenge: CHALLENGE,
  code_challenge_method: 'S256',
};

describe('OpenID Connect', () => {
  let api: Api;
  let browser: Browser;
  before(async () => {
    api = await startApi();
    const app = { grant_types: ['authorization_code', 'password'], first_party: true };
    const code = { redirect_uris: [CALLBACK], refresh_token: true };
    await api.put('/Client/app', { ...app, auth: { authorization_code: code, password: { refresh_token: true } } });
    await api.put('/User/ann', {
      userName: 'ann.smith',
      email: 'ann@example.org',
      password: 'correct-horse',
      name: { givenName: 'Ann', familyName: 'Smith' },
      fhirUser: { reference: 'Practitioner/p1' },
    });
    await api.put('/User/bob', { password: 'correct-horse' });
  });
  after(() => api.stop());
  beforeEach(() => {
    browser = browserOf(api);
  });

  const open = (query: Query = {}) => browser.open({ ...QUERY, ...query });
  const exchange = async (code: string) => {
    const form = { grant_type: 'authorization_code', client_id: 'app', redirect_uri: CALLBACK };
    return api.granted({ ...form, code, code_verifier: VERIFIER });
  };
  const signedIn = async (query: Query = {}, username = 'ann') =>
    exchange(codeIn(await browser.authorize({ ...QUERY, ...query }, username)));
  const isSignIn = (text: string) => text.includes('name="password"');

  it('§2, §3.1.3.6: an ID token says who signed in, when, to whom and beside which access token', async () => {
    const before = Math.floor(api.now() / 1000);
    const reply = await signedIn({ nonce: 'a nonce' });
    const jwks = (await api.request('GET', '/.well-known/jwks.json')).body as JSONWebKeySet;
    const { payload, protectedHeader } = await jwtVerify(reply.string('id_token'), createLocalJWKSet(jwks), {
      issuer: api.issuer,
      audience: 'app',
    });
    expect(protectedHeader).to.include({ alg: 'ES256', typ: 'JWT' });
    const half = createHash('sha256').update(reply.string('access_token')).digest().subarray(0, 16);
    expect(payload).to.include({ sub: 'ann', nonce: 'a nonce', at_hash: half.toString('base64url') });
    expect(Number(payload['auth_time'])).to.be.within(before, before + 5);
    expect(Number(payload.exp) - Number(payload.iat)).to.equal(3600);
    expect(payload).to.not.have.any.keys('name', 'email', 'fhirUser');
  });

  it('§3.1.2.1: without the scope openid there is no ID token', async () => {
    expect((await signedIn({ scope: 'profile' })).body).to.not.have.property('id_token');
  });

  it('§5.4: claims of profile and email are for UserInfo, not for an ID token; fhirUser is for both', async () => {
    const scope = 'openid profile email fhirUser';
    const reply = await signedIn({ scope });
    const claims = decodeJwt(reply.string('id_token'));
    expect(claims).to.include({ sub: 'ann', fhirUser: `${api.issuer}/Practitioner/p1` });
    expect(claims).to.not.have.any.keys('name', 'given_name', 'family_name', 'preferred_username', 'email');
    const form = { grant_type: 'refresh_token', client_id: 'app', refresh_token: reply.string('refresh_token') };
    const refreshed = await api.granted(form);
    expect(decodeJwt(refreshed.string('id_token')))
      .to.have.property('fhirUser')
      .and.not.have.property('email');
    const bearer = refreshed.string('access_token');
    expect((await api.request('GET', '/auth/userinfo', { as: { bearer } })).body).to.eql({
      sub: 'ann',
      name: 'Ann Smith',
      given_name: 'Ann',
      family_name: 'Smith',
      preferred_username: 'ann.smith',
      email: 'ann@example.org',
      fhirUser: `${api.issuer}/Practitioner/p1`,
    });
    const bare = await signedIn({ scope, prompt: 'login' }, 'bob');
    expect(decodeJwt(bare.string('id_token'))).to.not.have.property('fhirUser');
  });

  it('SMART: introspection tells fhirUser where the ID token did', async () => {
    const told = async (token: string) => {
      const as = { basic: ['teller', 'teller-secret'] } as const;
      return (await api.request('POST', '/auth/introspect', { form: { token }, as })).body;
    };
    await api.put('/Client/teller', { secret: 'teller-secret' });
    await api.put('/AccessPolicy/teller', { engine: 'allow', link: [{ reference: 'Client/teller' }] });
    const fhirUser = `${api.issuer}/Practitioner/p1`;
    const both = await signedIn({ scope: 'openid fhirUser' });
    expect(await told(both.string('access_token'))).to.include({ active: true, sub: 'ann', fhirUser });
    for (const scope of ['openid profile', 'fhirUser']) {
      const one = await signedIn({ scope });
      expect(await told(one.string('access_token')), scope)
        .to.include({ active: true })
        .and.not.have.property('fhirUser');
    }
    const login = { grant_type: 'password', client_id: 'app', username: 'ann', password: 'correct-horse' };
    const direct = await api.granted({ ...login, scope: 'openid fhirUser' });
    expect(direct.body).to.not.have.property('id_token');
    expect(await told(direct.string('access_token')))
      .to.include({ active: true })
      .and.not.have.property('fhirUser');
  });

  it('§5.3.2: userinfo has the same sub', async () => {
    const bearer = (await signedIn()).string('access_token');
    expect((await api.request('GET', '/auth/userinfo', { as: { bearer } })).at('sub')).to.equal('ann');
  });

  describe('§5.3: UserInfo', () => {
    const told = async (scope: string) => {
      const bearer = (await signedIn({ scope })).string('access_token');
      return api.request('GET', '/auth/userinfo', { as: { bearer } });
    };

    it('tells a client of a person no more than its scopes', async () => {
      expect((await told('openid')).body).to.eql({ sub: 'ann' });
      expect((await told('openid email user/User.rs')).body).to.eql({ sub: 'ann', email: 'ann@example.org' });
      expect((await told('openid profile fhirUser')).body).to.eql({
        sub: 'ann',
        name: 'Ann Smith',
        given_name: 'Ann',
        family_name: 'Smith',
        preferred_username: 'ann.smith',
        fhirUser: `${api.issuer}/Practitioner/p1`,
      });
    });

    it('§5.3.1: is refused to a token without openid', async () => {
      for (const scope of ['', 'profile email', 'user/*.cruds']) {
        const reply = await told(scope);
        expect(refusal(reply), scope).to.equal('403 insufficient_scope');
        expect(reply.header('www-authenticate')).to.include('error="insufficient_scope"');
      }
    });

    it('is for a refreshed token what that token’s scopes tell', async () => {
      const first = await signedIn({ scope: 'openid email' });
      const form = { grant_type: 'refresh_token', client_id: 'app', refresh_token: first.string('refresh_token') };
      const bearer = (await api.granted({ ...form, scope: 'openid' })).string('access_token');
      expect((await api.request('GET', '/auth/userinfo', { as: { bearer } })).body).to.eql({ sub: 'ann' });
    });
  });

  it('§12.2: a refresh gives an ID token of the same login, without a nonce', async () => {
    const first = await signedIn({ nonce: 'n' });
    api.pass(100);
    const form = { grant_type: 'refresh_token', client_id: 'app', refresh_token: first.string('refresh_token') };
    const second = await api.granted(form);
    const [before, after] = [first, second].map((reply) => decodeJwt(reply.string('id_token')));
    expect(after).to.include({ sub: 'ann', aud: 'app', iss: api.issuer, auth_time: before?.['auth_time'] });
    expect(after).to.not.have.property('nonce');
    expect(Number(after?.iat)).to.be.at.least(Number(before?.iat) + 100);
    expect(second.body).to.not.have.property('userinfo');
    expect(decodeProtectedHeader(second.string('id_token')).kid).to.be.a('string');
  });

  it('§12.2: a refresh for a scope without openid gives none', async () => {
    const first = await signedIn({ scope: 'openid a' });
    const form = { grant_type: 'refresh_token', client_id: 'app', refresh_token: first.string('refresh_token') };
    expect((await api.granted({ ...form, scope: 'a' })).body).to.not.have.property('id_token');
  });

  it('an ID token is no bearer and no refresh token', async () => {
    const bearer = (await signedIn()).string('id_token');
    expect(await api.statusWith(bearer)).to.equal(401);
    const form = { grant_type: 'refresh_token', client_id: 'app', refresh_token: bearer };
    expect(refusal(await api.token(form))).to.equal('400 invalid_grant');
  });

  describe('§3.1.2.1: prompt and max_age', () => {
    beforeEach(async () => {
      await browser.authorize(QUERY);
      api.pass(60);
    });

    it('prompt=none gives a code to who is signed in', async () => {
      codeIn(await open({ prompt: 'none' }));
    });

    for (const prompt of ['login', 'select_account', 'login consent']) {
      it(`prompt=${prompt} asks for the password again, once`, async () => {
        const page = await open({ prompt });
        expect(isSignIn(page.text)).to.equal(true);
        const next = await browser.signIn(page);
        expect(isSignIn(next.text)).to.equal(false);
        codeIn(prompt.includes('consent') ? await browser.send(next, { answer: 'allow' }) : next);
      });
    }

    it('prompt=consent asks a first party’s user too', async () => {
      const page = await open({ prompt: 'consent' });
      expect(page.text).to.include('value="allow"');
      codeIn(await browser.send(page, { answer: 'allow' }));
    });

    it('max_age: the password is asked again where the login is older, and auth_time is the new one', async () => {
      codeIn(await open({ max_age: '3600' }));
      for (const max_age of ['30', '0']) {
        const page = await open({ max_age });
        expect(isSignIn(page.text)).to.equal(true);
        const reply = await exchange(codeIn(await browser.signIn(page)));
        const { auth_time: time } = decodeJwt(reply.string('id_token'));
        expect(Number(time)).to.be.within(api.now() / 1000 - 5, api.now() / 1000);
        api.pass(60);
      }
      expect(answerIn(await open({ max_age: '30', prompt: 'none' }))).to.include({ error: 'login_required' });
    });

    it('auth_time is that of the login, not of the code', async () => {
      const reply = await exchange(codeIn(await open()));
      const { auth_time: time } = decodeJwt(reply.string('id_token'));
      expect(Number(time)).to.be.below(api.now() / 1000 - 55);
    });

    it('id_token_hint: somebody else is asked to sign in, and not let in as another', async () => {
      const hint = (await exchange(codeIn(await open()))).string('id_token');
      codeIn(await open({ id_token_hint: hint, prompt: 'none' }));
      await browser.authorize({ ...QUERY, prompt: 'login' }, 'bob');
      expect(answerIn(await open({ id_token_hint: hint, prompt: 'none' }))).to.include({ error: 'login_required' });
      const page = await open({ id_token_hint: hint });
      expect(isSignIn(page.text)).to.equal(true);
      expect(answerIn(await browser.signIn(page, 'bob'))).to.include({ error: 'login_required' });
    });

    it('id_token_hint: what is no ID token of ours names nobody', async () => {
      const jwt = { redirect_uri: CALLBACK, token_format: 'jwt', refresh_token: true };
      const app = { grant_types: ['authorization_code'], first_party: true, auth: { authorization_code: jwt } };
      await api.put('/Client/jwt', app);
      const code = codeIn(await open({ client_id: 'jwt' }));
      const form = { grant_type: 'authorization_code', client_id: 'jwt', redirect_uri: CALLBACK, code };
      const reply = await api.granted({ ...form, code_verifier: VERIFIER });
      const others = ['x', 'a.b.c', reply.string('access_token'), reply.string('refresh_token')];
      others.push(`${reply.string('id_token').slice(0, -8)}AAAAAAAA`);
      for (const hint of others) {
        expect(answerIn(await open({ id_token_hint: hint, prompt: 'none' }))).to.include({ error: 'login_required' });
      }
    });

    it('login_hint stands in the form', async () => {
      expect((await open({ prompt: 'login', login_hint: 'ann@example.org' })).text).to.include(
        'value="ann@example.org"',
      );
    });
  });
});
