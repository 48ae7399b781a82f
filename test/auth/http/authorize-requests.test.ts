/** Requests to the authorization endpoint (RFC 6749 §4.1.1, §4.1.2.1): what the client is told, and what nobody is. */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import type { Reply } from '../../harness/http.ts';
import { type Api, startApi } from './api.ts';
import { answerIn, type Browser, browserOf, CHALLENGE, linkIn, type Query } from './browser.ts';

const CALLBACK = 'https://app.example/callback';

const QUERY = {
  response_type: 'code',
  client_id: 'app',
  redirect_uri: CALLBACK,
  state: 'x',
  code_challenge: CHALLENGE,
  code_challenge_method: 'S256',
};
const TEXT = new URLSearchParams(QUERY).toString();

/** Told to the client at its redirect URI. */
const TOLD: [why: string, query: Query | string, error: string][] = [
  ['RFC 6749 §3.1.1: no response_type', { response_type: '' }, 'invalid_request'],
  ['RFC 6749 §4.1.2.1: a token instead of a code', { response_type: 'token' }, 'unsupported_response_type'],
  ['RFC 9700 §2.1.2: a token beside the code', { response_type: 'code token' }, 'unsupported_response_type'],
  ['OpenID Connect Core §3.2: an ID token at once', { response_type: 'id_token' }, 'unsupported_response_type'],
  ['an answer in the fragment', { response_mode: 'fragment' }, 'invalid_request'],
  ['an answer by a form', { response_mode: 'form_post' }, 'invalid_request'],
  ['RFC 6749 §3.3: a malformed scope', { scope: 'a"b' }, 'invalid_scope'],
  ['RFC 6749 §3.3: a scope that the Client does not list', { client_id: 'listing', scope: 'b' }, 'invalid_scope'],
  ['SMART: a launch from an EHR and nothing else', { scope: 'launch launch/encounter' }, 'invalid_scope'],
  ['SMART: a launch from an EHR, and no scope that bounds the token', { scope: 'openid launch' }, 'invalid_scope'],
  ['SMART: a launch of two kinds, unbounded', { scope: 'launch/patient launch' }, 'invalid_scope'],
  ['SMART: a scope with parameters', { scope: 'openid patient/Observation.rs?category=lab' }, 'invalid_scope'],
  ['RFC 6749 §4.1.2.1: a Client of another grant', { client_id: 'machine' }, 'unauthorized_client'],
  ['RFC 8707 §2: a resource that is no URI', { resource: 'x' }, 'invalid_target'],
  ['SMART: an aud that is another server', { aud: 'https://evil.example/fhir' }, 'invalid_request'],
  ['OpenID Connect Core §6.1: request', { request: 'x.y.z' }, 'request_not_supported'],
  ['OpenID Connect Core §6.2: request_uri', { request_uri: 'https://a.example/r' }, 'request_uri_not_supported'],
  ['OpenID Connect Core §7.2.1: registration', { registration: '{}' }, 'registration_not_supported'],
  ['OpenID Connect Core §3.1.2.1: prompt none with another', { prompt: 'none login' }, 'invalid_request'],
  ['max_age that is no number', { max_age: '-1' }, 'invalid_request'],
  ['RFC 6749 §3.1: a parameter twice', `${TEXT}&scope=a&scope=b`, 'invalid_request'],
  ['RFC 6749 §3.1: a challenge twice', `${TEXT}&code_challenge=x`, 'invalid_request'],
  ['a nonce that is too long', { nonce: 'n'.repeat(1025) }, 'invalid_request'],
  ['NUL', `${TEXT}&nonce=a%00b`, 'invalid_request'],
];

/** For the person alone: nobody may be sent anywhere (RFC 6749 §4.1.2.1, RFC 9700 §4.11). */
const UNTOLD: [why: string, query: Query | string][] = [
  ['RFC 6749 §4.1.2.1: no client_id', { client_id: '' }],
  ['RFC 6749 §4.1.2.1: an unknown client', { client_id: 'nobody' }],
  ['a client with SQL for an id', { client_id: "' OR 1=1 --" }],
  ['a client that is switched off', { client_id: 'off' }],
  ['client_id twice', `${TEXT}&client_id=app`],
  ['RFC 9700 §2.1: open redirect: a redirect_uri of somebody else', { redirect_uri: 'https://evil.example/callback' }],
  ['RFC 9700 §4.1.3: open redirect by prefix', { redirect_uri: `${CALLBACK}.evil.example` }],
  ['RFC 9700 §4.1.3: open redirect by suffix', { redirect_uri: `https://evil.example/${CALLBACK}` }],
  ['open redirect by %2f', { redirect_uri: `${CALLBACK}%2f..%2fevil` }],
  ['open redirect by a user name', { redirect_uri: 'https://app.example@evil.example/callback' }],
  ['RFC 6749 §3.1.2: open redirect by a fragment', { redirect_uri: `${CALLBACK}#` }],
  ['open redirect by case', { redirect_uri: 'https://APP.example/callback' }],
  ['RFC 6749 §10.15: open redirect by javascript:', { redirect_uri: 'javascript:alert(1)' }],
  ['RFC 6749 §10.14: open redirect by CRLF', { redirect_uri: `${CALLBACK}\r\nSet-Cookie: a=b` }],
  ['redirect_uri twice', `${TEXT}&redirect_uri=https://evil.example`],
  ['RFC 6749 §3.1.2.3: no redirect_uri where several are registered', { redirect_uri: '' }],
  ['RFC 6749 §3.1.2.2: no redirect_uri where none is registered', { client_id: 'bare', redirect_uri: '' }],
];

describe('requests to the authorization endpoint', () => {
  let api: Api;
  let browser: Browser;
  let signedIn: Browser;
  before(async () => {
    api = await startApi({ CORS_ORIGINS: 'https://app.example' });
    const code = { redirect_uris: [CALLBACK, 'https://app.example/other', 'http://127.0.0.1/callback'] };
    const app = { grant_types: ['authorization_code'], auth: { authorization_code: code } };
    await api.put('/Client/app', { ...app, name: 'The App' });
    await api.put('/Client/listing', { ...app, scope: ['a'] });
    await api.put('/Client/machine', { ...app, grant_types: ['client_credentials'] });
    await api.put('/Client/off', { ...app, active: false });
    await api.put('/Client/bare', { grant_types: ['authorization_code'] });
    await api.put('/User/ann', { userName: 'ann', password: 'correct-horse' });
    [browser, signedIn] = [browserOf(api), browserOf(api)];
    await signedIn.signIn(await signedIn.open(QUERY));
  });
  after(() => api.stop());

  const open = (query: Query | string, by = browser) =>
    by.open(typeof query === 'string' ? query : { ...QUERY, ...query });
  const isSignIn = (reply: Reply) => reply.status === 200 && reply.text.includes('name="password"');

  it('RFC 6749 §4.1.1: is answered by a page to sign in, which names the app', async () => {
    const reply = await open({});
    expect(isSignIn(reply), reply.text).to.equal(true);
    expect(reply.text).to.include('<strong>The App</strong>');
    expect(reply.header('content-type')).to.equal('text/html; charset=utf-8');
  });

  it('OpenID Connect Core §3.1.2.1: may come by POST as well', async () => {
    const reply = await api.request('POST', '/auth/authorize', { form: { ...QUERY, password: 'x', other: 'y' } });
    expect([reply.status, reply.header('location')]).to.eql([303, `authorize?${TEXT}`]);
    expect(isSignIn(await api.request('GET', `/auth/${reply.header('location')}`))).to.equal(true);
    const long = { ...QUERY, id_token_hint: 'x'.repeat(8_000) };
    expect((await api.request('POST', '/auth/authorize', { form: long })).status).to.equal(413);
  });

  for (const [why, query, error] of TOLD) {
    it(`${why}: ${error}, with state, and RFC 9207 §2: iss`, async () => {
      const reply = await open(query, signedIn);
      expect(reply.status, reply.text).to.equal(303);
      expect(reply.header('location').startsWith(`${CALLBACK}?error=`), reply.header('location')).to.equal(true);
      const answer = answerIn(reply);
      expect(answer).to.include({ error, iss: api.issuer, state: 'x' });
      expect(answer['error_description']).to.match(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/);
      // Whoever is not signed in is asked, not sent.
      const page = await open(query);
      expect([page.status, page.header('location')], page.text).to.eql([400, '']);
      expect(linkIn(page)).to.equal(reply.header('location'));
    });
  }

  it('RFC 9700 §4.11.2: an error sends nobody on who is not signed in: a page says where its link leads', async () => {
    const page = await open({ scope: 'a"b', state: '"><script>' });
    expect([page.status, page.header('location')], page.text).to.eql([400, '']);
    expect(page.text).to.include('<strong>app.example</strong>').and.include('role="alert"');
    expect(page.text).to.not.match(/<script|<form/);
    expect(answerIn(page)).to.include({ error: 'invalid_scope', state: '"><script>' });
  });

  it('OpenID Connect Core §3.1.2.6: prompt none, and nobody signed in: the app is told at once', async () => {
    const reply = await open({ prompt: 'none' });
    expect(reply.status, reply.text).to.equal(303);
    expect(answerIn(reply)).to.include({ error: 'login_required', iss: api.issuer, state: 'x' });
  });

  for (const [why, query] of UNTOLD) {
    it(`${why}: a page, and no redirect (RFC 6749 §3.1.2.4)`, async () => {
      const reply = await open(query);
      expect([reply.status, reply.header('location')], reply.text).to.eql([400, '']);
      expect(reply.header('content-type')).to.equal('text/html; charset=utf-8');
      expect(reply.text).to.include('role="alert"').and.not.include('<form');
    });
  }

  it('a state that stands twice is not echoed', async () => {
    const reply = await open(`${TEXT}&state=y`);
    expect(answerIn(reply)).to.include({ error: 'invalid_request' }).and.not.have.property('state');
  });

  for (const ignored of [
    'ui_locales=fr',
    'display=popup',
    'acr_values=x',
    'claims={}',
    'utm_source=x',
    'prompt=create',
  ]) {
    it(`RFC 6749 §3.1, OpenID Connect Core §3.1.2.1: ${ignored} is passed over`, async () => {
      expect(isSignIn(await open(`${TEXT}&${ignored}`))).to.equal(true);
    });
  }

  it('SMART: an aud that is this server will do, with /fhir and without', async () => {
    for (const aud of [api.issuer, `${api.issuer}/fhir`]) expect(isSignIn(await open({ aud }))).to.equal(true);
  });

  it('RFC 8252 §7.3: an app may listen on any port of the loopback address', async () => {
    const reply = await open({ redirect_uri: 'http://127.0.0.1:51004/callback' });
    expect(isSignIn(reply)).to.equal(true);
    expect(reply.header('content-security-policy')).to.include("form-action 'self' http://127.0.0.1:51004;");
  });

  it('RFC 6749 §3.1: takes GET and POST alone, a form alone, and stands at the root alone', async () => {
    for (const method of ['PUT', 'DELETE']) {
      const reply = await api.request(method, `/auth/authorize?${TEXT}`);
      expect([reply.status, reply.header('location')], method).to.eql([405, '']);
    }
    const [get, head] = [await open({}), await api.request('HEAD', `/auth/authorize?${TEXT}`)];
    expect([head.status, head.text]).to.eql([get.status, '']);
    expect(head.header('content-security-policy')).to.equal(get.header('content-security-policy'));
    const refused = await api.request('POST', '/auth/authorize', {
      body: 'a: 1',
      headers: { 'content-type': 'text/yaml' },
    });
    expect([refused.status, /yaml|json/.test(refused.text)]).to.eql([415, false]);
    expect((await api.request('POST', '/auth/authorize', { json: QUERY })).status).to.equal(415);
    expect((await api.request('GET', `/fhir/auth/authorize?${TEXT}`)).status).to.equal(404);
  });

  it('RFC 9700 §2.6: no script of another origin may read it', async () => {
    const headers = { origin: 'https://app.example' };
    for (const method of ['GET', 'OPTIONS']) {
      const asked = { ...headers, 'access-control-request-method': 'GET' };
      const page = await api.request(method, `/auth/authorize?${TEXT}`, { headers: asked });
      expect(page.headers, method).to.not.have.property('access-control-allow-origin');
    }
    const token = await api.request('POST', '/auth/token', { headers, form: {} });
    expect(token.header('access-control-allow-origin')).to.equal('https://app.example');
  });
});
