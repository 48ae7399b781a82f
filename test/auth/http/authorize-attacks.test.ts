/** What is tried against a person before the pages of the authorization endpoint (RFC 9700 §4). */
import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { after, before, beforeEach, describe, it } from 'mocha';
import type { Reply } from '../../harness/http.ts';
import { type Api, startApi } from './api.ts';
import { answerIn, type Browser, browserOf, CHALLENGE, codeIn, type Query, sealedIn } from './browser.ts';

const CALLBACK = 'https://app.example/callback';
const INJECTION = `"><script>alert(1)</script><img src=x onerror='alert(1)'>&amp;`;

const QUERY = {
  response_type: 'code',
  client_id: 'app',
  redirect_uri: CALLBACK,
  state: 'x',
  scope: 'openid user/Observation.rs',
  code_challenge: CHALLENGE,
  code_challenge_method: 'S256',
};

describe('attacks on the pages of the authorization endpoint', () => {
  let api: Api;
  let browser: Browser;
  before(async () => {
    api = await startApi({ TRUSTED_PROXIES: '127.0.0.0/8' });
    const auth = { authorization_code: { redirect_uris: [CALLBACK, 'com.example.app:/callback'] } };
    const app = { grant_types: ['authorization_code', 'password'], auth };
    await api.put('/Client/app', { ...app, name: 'The App' });
    await api.put('/Client/first', { ...app, first_party: true });
    await api.put('/Client/rogue', { ...app, name: INJECTION });
    for (const id of ['ann', 'bob', 'eve']) await api.put(`/User/${id}`, { userName: id, password: 'correct-horse' });
  });
  after(() => api.stop());
  beforeEach(() => {
    browser = browserOf(api);
  });

  const open = (query: Query = {}, by = browser) => by.open({ ...QUERY, ...query });
  const isSignIn = ({ text }: Reply) => text.includes('name="password"');
  const isConsent = ({ text }: Reply) => text.includes('value="allow"');
  const cookie = (by = browser) => by.cookies.get('ward') ?? '';
  const post = (form: Query, headers: Record<string, string> = {}) =>
    api.request('POST', '/auth/authorize', { form, headers });

  it('RFC 6749 §10.13, RFC 9700 §4.2.4, RFC 9700 §4.16: clickjacking, caches and scripts', async () => {
    const signIn = await open();
    const pages = [signIn, await browser.signIn(signIn), await browser.signIn(await open(), 'ann', 'x')];
    pages.push(await open({ redirect_uri: 'https://evil.example' }));
    pages.push(await browser.get('/auth/logout'), await api.request('PUT', '/auth/authorize'));
    for (const { text } of pages) expect(text).to.not.match(/\b(?:src|href)=/);
    // This one leads on to the app, by a link that tells it nothing.
    const leading = await open({ scope: 'a"b' }, browserOf(api));
    expect(leading.text.match(/<a [^>]*>/g))
      .to.have.length(1)
      .and.match(/ rel="noreferrer"/);
    pages.push(leading);
    for (const { headers, text } of pages) {
      const style = /<style>([\s\S]*?)<\/style>/.exec(text)?.[1] ?? '';
      const hash = createHash('sha256').update(style).digest('base64');
      const policy = String(headers['content-security-policy']);
      const [first, second, , ...rest] = policy.split('; ');
      expect([first, second, ...rest]).to.eql([
        "default-src 'none'",
        `style-src 'sha256-${hash}'`,
        "frame-ancestors 'none'",
        "base-uri 'none'",
      ]);
      expect(headers).to.include({
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
      });
    }
    expect(signIn.header('content-security-policy')).to.include("form-action 'self' https://app.example;");
  });

  it('RFC 6749 §10.14: HTML injection by client name, state, scope, login_hint and user name is text', async () => {
    const hinted = await open({ client_id: 'rogue', login_hint: INJECTION, state: INJECTION, ui_locales: INJECTION });
    const wrong = await browser.send(hinted, { username: INJECTION, password: 'x' });
    const consent = await browser.signIn(await open({ client_id: 'rogue', scope: `<b>x&lt;` }));
    const pages = [hinted, wrong, consent, await open({ client_id: INJECTION })];
    for (const { text } of pages) expect(text).to.not.match(/<script|<img|<b>|onerror='/);
    const shown =
      '&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&lt;img src=x onerror=&#39;alert(1)&#39;&gt;&amp;amp;';
    expect(hinted.text).to.include(`<strong>${shown}</strong>`).and.include(`value="${shown}"`);
    expect(wrong.text).to.include(`value="${shown}"`);
    expect(consent.text).to.include('“&lt;b&gt;x&amp;lt;”');
  });

  it('the cookie is for this server alone, out of reach of scripts, and over TLS its name says so', async () => {
    const [line = ''] = (await open()).headers['set-cookie'] ?? [];
    expect(line).to.match(/^ward=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax$/);
    const secure = await startApi({ BASE_URL: 'https://ward.example' });
    await secure.put('/Client/app', {
      grant_types: ['authorization_code'],
      auth: { authorization_code: { redirect_uri: CALLBACK } },
    });
    const reply = await secure.request('GET', `/auth/authorize?${new URLSearchParams(QUERY)}`);
    expect(reply.headers['set-cookie']?.[0]).to.match(
      /^__Host-ward=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Secure$/,
    );
    await secure.stop();
  });

  it('RFC 6749 §10.12: CSRF on login and consent: a form is good in its own browser, and unchanged', async () => {
    const eve = browserOf(api);
    const evesLogin = await open({}, eve);
    const evesConsent = await eve.signIn(await open({}, eve), 'eve');
    const consent = await browser.signIn(await open());
    const sealed = sealedIn(consent);
    const login = { username: 'eve', password: 'correct-horse' };
    const own = { cookie: `ward=${cookie()}` };
    const [payload = '', mac = ''] = sealed.split('.');
    const forged = Buffer.from(payload, 'base64url').toString().replace('user/Observation.rs', 'user/*.cruds');
    const tries: [form: Query, headers: Record<string, string>][] = [
      [{ interaction: sealedIn(evesLogin), ...login }, own],
      [{ interaction: sealedIn(evesConsent), answer: 'allow' }, own],
      [{ interaction: sealed, answer: 'allow' }, {}],
      [{ interaction: sealed, answer: 'allow' }, { cookie: `ward=${cookie(eve)}` }],
      [{ interaction: `${Buffer.from(forged).toString('base64url')}.${mac}`, answer: 'allow' }, own],
      [{ interaction: `${payload}.`, answer: 'allow' }, own],
      [{ interaction: payload, answer: 'allow' }, own],
      [{ interaction: '', answer: 'allow' }, own],
      [{ ...QUERY, answer: 'allow' }, {}],
    ];
    for (const [form, headers] of tries) {
      const reply = await post(form, headers);
      // At most the request is asked again, as by any link: no password and no answer goes along.
      expect(reply.header('location'), JSON.stringify(form)).to.match(/^(?:authorize\?(?!.*(?:answer|password)).*)?$/);
      expect(reply.status, reply.text).to.equal(reply.header('location') === '' ? 400 : 303);
      expect(reply.headers).to.not.have.property('set-cookie');
    }
    codeIn(await browser.send(consent, { answer: 'allow' }));
  });

  it('RFC 6749 §10.12: CSRF on consent: an answer without a form is a question anew', async () => {
    await browser.signIn(await open());
    const reply = await post({ ...QUERY, answer: 'allow' }, { cookie: `ward=${cookie()}` });
    expect(isConsent(await browser.get(`/auth/${reply.header('location')}`))).to.equal(true);
  });

  it('a form that another site sends signs nobody out', async () => {
    codeIn(await browser.signIn(await open({ client_id: 'first' })));
    for (const form of [{ ...QUERY, client_id: 'first' }, {}, { interaction: 'x.y' }, { interaction: '' }]) {
      const reply = await post(form);
      expect(reply.headers, JSON.stringify(form)).to.not.have.property('set-cookie');
    }
    codeIn(await open({ client_id: 'first' }));
  });

  it('a form of another tab, whose browser has signed in since, begins its request again', async () => {
    const [first, second] = [await open({ client_id: 'first' }), await open({ state: 'second' })];
    codeIn(await browser.signIn(first));
    const again = await browser.signIn(second, 'bob');
    expect(again.status).to.equal(303);
    const consent = await browser.get(`/auth/${again.header('location')}`);
    expect(isConsent(consent)).to.equal(true);
    expect(consent.text).to.include('<strong>ann</strong>');
    expect(answerIn(await browser.send(consent, { answer: 'allow' }))).to.include({ state: 'second' });
  });

  it('a browser that keeps no cookie is told so', async () => {
    const reply = await post({ interaction: sealedIn(await open()), username: 'ann', password: 'correct-horse' });
    expect([reply.status, reply.text.includes('blocks its cookie')]).to.eql([400, true]);
  });

  it('an answer to a later question does not skip an earlier one', async () => {
    const consent = await browser.signIn(await open());
    api.pass(8 * 3600);
    const late = await browser.send(consent, { answer: 'allow' });
    expect(late.status).to.equal(303);
    expect(isSignIn(await browser.get(`/auth/${late.header('location')}`))).to.equal(true);
    api.pass(-8 * 3600 + 1);
    await api.put('/User/bob', { userName: 'bob', password: 'correct-horse' });
    const bobs = await browser.signIn(await open({ prompt: 'login' }), 'bob');
    await api.put('/User/bob', { userName: 'bob', password: 'another-one' });
    expect(isSignIn(await browser.send(bobs, { answer: 'allow' }))).to.equal(true);
    await api.put('/User/bob', { userName: 'bob', password: 'correct-horse' });
  });

  it('a form that is an hour old is out of date, and begins its request again', async () => {
    const signIn = await open();
    api.pass(3601);
    expect((await browser.signIn(signIn)).header('location')).to.match(/^authorize\?/);
  });

  it('login fixation: a cookie that was planted before is nobody’s after signing in', async () => {
    const planted = 'A'.repeat(43);
    browser.cookies.set('ward', planted);
    codeIn(await browser.signIn(await open({ client_id: 'first' })));
    expect(cookie()).to.not.equal(planted);
    const attacker = browserOf(api);
    attacker.cookies.set('ward', planted);
    expect(isSignIn(await open({ client_id: 'first' }, attacker))).to.equal(true);
  });

  it('a cookie that was never given, or is malformed, is replaced', async () => {
    for (const value of ['', 'x', '../../etc', 'A'.repeat(44), `${'A'.repeat(42)}"`]) {
      browser.cookies.set('ward', value);
      expect(isSignIn(await open())).to.equal(true);
      expect(cookie())
        .to.match(/^[\w-]{43}$/)
        .and.not.equal(value);
    }
  });

  it('signing in again signs the last one out of that browser', async () => {
    await browser.signIn(await open());
    const old = cookie();
    await browser.signIn(await open({ prompt: 'login' }), 'bob');
    browser.cookies.set('ward', old);
    expect(isSignIn(await open())).to.equal(true);
  });

  it('RFC 6749 §10.10: guessing through the login page counts with the token endpoint, and stops with it', async () => {
    api.pass(16 * 60);
    const from = { 'x-forwarded-for': '198.51.100.7' };
    const signIn = await open();
    const guess = (password: string) =>
      post({ interaction: sealedIn(signIn), username: 'eve', password }, { ...from, cookie: `ward=${cookie()}` });
    const form = { grant_type: 'password', client_id: 'first', username: 'eve' };
    for (let at = 0; at < 5; at += 1) {
      expect((await guess(`guess-${at}`)).status).to.equal(403);
      expect((await api.token({ ...form, password: `guess-${at}` }, { headers: from })).status).to.equal(400);
    }
    const refused = await guess('correct-horse');
    expect(refused.status).to.equal(429);
    expect(refused.header('content-type')).to.equal('text/html; charset=utf-8');
    expect(Number(refused.header('retry-after'))).to.be.within(1, 900);
    expect((await api.token({ ...form, password: 'correct-horse' }, { headers: from })).status).to.equal(429);
  });

  it('a password that is too long is refused before it is hashed', async () => {
    const reply = await browser.signIn(await open(), 'ann', 'x'.repeat(1025));
    expect(answerIn(reply)).to.include({ error: 'invalid_request' });
  });

  it('keeps neither the cookie nor a code in the clear', async () => {
    const code = codeIn(await browser.signIn(await open({ client_id: 'first' })));
    for (const path of ['/User/ann', '/User/ann/_history', '/User?_id=ann', '/Session', '/Client/first']) {
      const { text } = await api.request('GET', path, { as: { basic: ['root', 'root-secret-of-the-tests'] } });
      for (const secret of [code, cookie()]) {
        expect(text).to.not.include(secret);
        for (const label of ['', 'code:', 'login:']) {
          expect(text).to.not.include(
            createHash('sha256')
              .update(label + secret)
              .digest('base64url'),
          );
        }
      }
    }
  });
});
