/** OpenID Connect RP-Initiated Logout: the page on which a person signs out of a browser. */
import { expect } from 'chai';
import { after, before, beforeEach, describe, it } from 'mocha';
import { type Api, startApi } from './api.ts';
import { type Browser, browserOf, CHALLENGE, codeIn, sealedIn, VERIFIER } from './browser.ts';

const CALLBACK = 'https://app.example/callback';
const QUERY = {
  response_type: 'code',
  client_id: 'app',
  redirect_uri: CALLBACK,
  code_challenge: CHALLENGE,
  code_challenge_method: 'S256',
};
const LOGOUT = '/auth/logout';
const SENT = `${LOGOUT}?id_token_hint=x&state=y&post_logout_redirect_uri=https://evil.example`;

describe('GET /auth/logout', () => {
  let api: Api;
  let ann: Browser;
  let code: string;
  before(async () => {
    api = await startApi({ CORS_ORIGINS: 'https://app.example' });
    const auth = { authorization_code: { redirect_uris: [CALLBACK] } };
    await api.put('/Client/app', { grant_types: ['authorization_code'], first_party: true, auth });
    for (const id of ['ann', 'bob']) await api.put(`/User/${id}`, { userName: `<${id}>`, password: 'correct-horse' });
  });
  after(() => api.stop());
  beforeEach(async () => {
    ann = browserOf(api);
    code = codeIn(await ann.authorize(QUERY));
  });

  const isSignedIn = async (browser: Browser) => (await browser.open(QUERY)).status === 303;
  const post = (form: Record<string, string>, browser?: Browser) => {
    const headers = browser ? { cookie: `ward=${browser.cookies.get('ward')}` } : {};
    return api.request('POST', LOGOUT, { form, headers });
  };
  const statusOf = async (sent: string) => {
    const form = { grant_type: 'authorization_code', client_id: 'app', redirect_uri: CALLBACK, code: sent };
    return (await api.token({ ...form, code_verifier: VERIFIER })).status;
  };

  it('stands in the metadata', async () => {
    const reply = await api.request('GET', '/.well-known/openid-configuration');
    expect(reply.at('end_session_endpoint')).to.equal(`${api.issuer}${LOGOUT}`);
  });

  it('asks the person, and signs out this browser alone', async () => {
    const other = browserOf(api);
    await other.authorize(QUERY);
    const page = await ann.get(SENT);
    expect(page.text).to.include('<strong>&lt;ann&gt;</strong>').and.include('Sign out</button>');
    expect(page.header('content-security-policy')).to.include("frame-ancestors 'none'").and.not.include('evil');
    expect(await isSignedIn(ann), 'asking is not enough').to.equal(true);
    const done = await post({ interaction: sealedIn(page) }, ann);
    expect([done.status, done.header('location')]).to.eql([200, '']);
    expect(done.text).to.include('<h1>You are signed out</h1>').and.not.include('<form');
    expect([await isSignedIn(ann), await isSignedIn(other)]).to.eql([false, true]);
    expect(await statusOf(code), 'a code that was not used').to.equal(400);
  });

  it('says so where nobody is signed in', async () => {
    expect((await browserOf(api).get(LOGOUT)).text).to.include('<h1>You are signed out</h1>');
  });

  it('no other site signs a person out: neither by a link nor by a form', async () => {
    const bob = browserOf(api);
    await bob.authorize(QUERY, 'bob');
    const bobs = sealedIn(await bob.get(LOGOUT));
    const interactions = [bobs, '', 'x.y', sealedIn(await ann.open({ ...QUERY, prompt: 'login' }))];
    for (const form of [{}, { id_token_hint: 'x' }, ...interactions.map((interaction) => ({ interaction }))]) {
      for (const browser of [ann, undefined]) {
        const reply = await post(form, browser);
        expect([reply.status, reply.header('location')], JSON.stringify(form)).to.eql([303, 'logout']);
        expect(reply.headers).to.not.have.property('set-cookie');
      }
    }
    expect(await isSignedIn(ann)).to.equal(true);
    const headers = { origin: 'https://app.example' };
    expect((await api.request('GET', LOGOUT, { headers })).header('access-control-allow-origin')).to.equal('');
  });

  it('its form is no answer of the authorization endpoint', async () => {
    const interaction = sealedIn(await ann.get(LOGOUT));
    expect((await ann.send(await ann.get(LOGOUT), { answer: 'allow', interaction })).status).to.equal(400);
  });

  it('answers GET and POST alone, with a page', async () => {
    const reply = await api.request('PUT', LOGOUT, { form: {} });
    expect([reply.status, reply.header('content-type')]).to.eql([405, 'text/html; charset=utf-8']);
    expect((await api.request('GET', `/fhir${LOGOUT}`)).status).to.equal(404);
  });
});
