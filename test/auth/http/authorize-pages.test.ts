/** The pages of the authorization endpoint: what a person is asked, and told. */
import { expect } from 'chai';
import { after, before, beforeEach, describe, it } from 'mocha';
import type { Reply } from '../../harness/http.ts';
import { type Api, startApi } from './api.ts';
import { answerIn, type Browser, browserOf, CHALLENGE, codeIn, type Query } from './browser.ts';

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

describe('the pages of the authorization endpoint', () => {
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
    await api.put('/AccessPolicy/bob', { engine: 'allow', link: [{ reference: 'User/bob' }] });
  });
  after(() => api.stop());
  beforeEach(() => {
    browser = browserOf(api);
  });

  const open = (query: Query = {}, by = browser) => by.open({ ...QUERY, ...query });
  const isSignIn = ({ text }: Reply) => text.includes('name="password"');
  const isConsent = ({ text }: Reply) => text.includes('value="allow"');
  const cookie = (by = browser) => by.cookies.get('ward') ?? '';

  it('each page works without a script, names every field, and fits a narrow screen', async () => {
    const signIn = await open();
    expect(signIn.text).to.include('autocomplete="username"').and.include('autocomplete="current-password"');
    const stranger = browserOf(api);
    const pages: [heading: string, page: Reply][] = [
      ['Sign in', signIn],
      ['Sign in', await browser.signIn(signIn, 'ann', 'wrong')],
      ['Allow The App?', await browser.signIn(signIn)],
      ['Choose a patient', await stranger.signIn(await open({ scope: 'launch/patient' }, stranger), 'bob')],
      ['Cannot continue', await open({ redirect_uri: 'https://evil.example' })],
      ['Cannot continue', await open({ scope: 'a"b' }, browserOf(api))],
      ['Sign out?', await browser.get('/auth/logout')],
      ['You are signed out', await browserOf(api).get('/auth/logout')],
    ];
    for (const [heading, { text, status }] of pages) {
      expect(text).to.match(/^<!doctype html>\n<html lang="en">/);
      expect(text).to.include('<meta name="viewport" content="width=device-width, initial-scale=1">');
      expect(text).to.not.match(/<script|\son\w+=|javascript:/i);
      for (const [field] of text.matchAll(/<input(?! type="hidden")[^>]*>/g)) {
        expect(text).to.include(`<label for="${/ id="(\w+)"/.exec(field)?.[1]}">`);
      }
      expect(text.match(/<h1>.*<\/h1>/g)).to.eql([`<h1>${heading}</h1>`]);
      expect(text).to.include(`<title>${status === 200 ? '' : 'Error: '}${heading}</title>`);
      // Nothing has a width of its own that 320 pixels might not hold (WCAG 2.2 §1.4.10).
      expect(text).to.not.match(/[^-]width: *\d[\d.]*(px|rem|em)/);
      expect(text).to.include('box-sizing: border-box').and.include('overflow-wrap: anywhere');
    }
  });

  it('the colours have the contrast that WCAG 2.2 §1.4.3 asks, in light and in dark', async () => {
    const style = (await open()).text;
    for (const [light, dark] of [
      ['ink', 'paper'],
      ['soft', 'paper'],
      ['act', 'paper'],
      ['bad', 'paper'],
      ['on-act', 'act'],
    ]) {
      const of = (name = '') => [...style.matchAll(new RegExp(`--${name}: (#\\w{6})`, 'g'))].map(([, hex = '']) => hex);
      const [inks, papers] = [of(light), of(dark)];
      expect(inks).to.have.length(2);
      for (const [at, ink] of inks.entries()) expect(contrast(ink, papers[at] ?? ''), ink).to.be.at.least(4.5);
    }
  });

  it('a wrong password is told on the page and read out; what was entered stays, but for the password', async () => {
    const reply = await browser.signIn(await open(), 'ann', 'wrong-password');
    expect(reply.status).to.equal(403);
    expect(isSignIn(reply)).to.equal(true);
    expect(reply.text).to.include('<p role="alert" id="problem">').and.include('<title>Error: Sign in</title>');
    expect(reply.text).to.include('value="ann"').and.include('aria-describedby="problem"');
    expect(reply.text).to.not.include('wrong-password');
  });

  it('a date that is none is told of where it was entered', async () => {
    const picker = await browser.signIn(await open({ scope: 'launch/patient' }), 'bob');
    const dateIn = ({ text }: Reply) => /<input id="birthdate"[^>]*>/.exec(text)?.[0];
    expect(dateIn(picker)).to.be.a('string').and.not.include('aria-');
    const again = await browser.send(picker, { answer: 'search', birthdate: 'yesterday' });
    expect(again.text).to.include('<p role="alert" id="problem">Enter the date of birth');
    expect(dateIn(again)).to.include('aria-invalid="true"').and.include('aria-describedby="problem"');
  });

  it('who guessed too often is told for how long to wait', async () => {
    const page = await open();
    for (let attempt = 0; attempt < 10; attempt += 1) await browser.signIn(page, 'eve', 'wrong');
    const told = async () => {
      const reply = await browser.signIn(page, 'eve', 'wrong');
      expect(reply.status).to.equal(429);
      return /<p>(Wait [^,]+), then go back/.exec(reply.text)?.[1];
    };
    expect(await told()).to.equal('Wait 15 minutes');
    api.pass(14 * 60 + 10);
    expect(await told()).to.equal('Wait a minute');
  });

  it('tells an unknown user what it tells a wrong password', async () => {
    const [known, unknown] = [
      await browser.signIn(await open(), 'ann', 'wrong'),
      await browser.signIn(await open(), 'no-such-user', 'wrong'),
    ];
    const told = ({ text }: Reply) => /role="alert"[^>]*>([^<]*)/.exec(text)?.[1];
    expect(told(unknown)).to.equal(told(known)).and.to.be.a('string');
  });

  it('RFC 6749 §10.2: asks whether to let the app in, in plain words', async () => {
    const scope = 'openid user/Observation.rs patient/*.write launch/patient offline_access odd';
    await api.put('/User/pat', { password: 'correct-horse', fhirUser: { reference: 'Patient/p' } });
    const auth = { authorization_code: { redirect_uris: [CALLBACK], refresh_token: true } };
    await api.put('/Client/offline', { grant_types: ['authorization_code'], auth });
    const reply = await browser.signIn(await open({ client_id: 'offline', scope }), 'pat');
    expect(reply.text).to.include('<strong>pat</strong>').and.include('<strong>app.example</strong>');
    const items = [...reply.text.matchAll(/<li>([^<]*)<\/li>/g)].map(([, words]) => words);
    expect(items).to.eql([
      'know who you are',
      'read and search Observation records that you may see',
      'add, change and delete all records of the patient',
      'know which patient is selected',
      'keep this access when you are away, until you or an administrator end it',
      'use the scope “odd”',
    ]);
  });

  it('says so where nothing bounds what the app may do', async () => {
    const reply = await browser.signIn(await open({ scope: 'openid' }));
    expect(reply.text).to.include('<li>do everything you may do here, in your name</li>');
  });

  it('RFC 6749 §4.1.2.1: who refuses is sent back with access_denied, from any page', async () => {
    const signIn = await open();
    const refused = [await browser.send(signIn, { answer: 'deny' })];
    refused.push(await browser.send(await browser.signIn(await open()), { answer: 'deny' }));
    for (const reply of refused) {
      expect(answerIn(reply)).to.include({ error: 'access_denied', state: 'x', iss: api.issuer });
    }
  });

  it('a first party is not asked for; who is signed in is not asked for a password again', async () => {
    const first = await browser.signIn(await open({ client_id: 'first' }));
    expect(codeIn(first)).to.be.a('string');
    codeIn(await open({ client_id: 'first' }));
    expect(isConsent(await open())).to.equal(true);
    api.pass(8 * 3600);
    expect(isSignIn(await open({ client_id: 'first' }))).to.equal(true);
  });

  it('RFC 8252 §8.6: an app that anybody could pretend to be is not let in behind one’s back', async () => {
    const native = { client_id: 'first', redirect_uri: 'com.example.app:/callback' };
    const signIn = await open(native);
    expect(signIn.header('content-security-policy')).to.include("form-action 'self' com.example.app:;");
    codeIn(await browser.signIn(signIn));
    const reply = await open(native);
    expect(isConsent(reply)).to.equal(true);
    expect(reply.text).to.include('<strong>com.example.app</strong>');
    expect(answerIn(await open({ ...native, prompt: 'none' }))).to.include({ error: 'consent_required' });
  });

  it('who is somebody else signs in as that, and the first one is signed out', async () => {
    const consent = await browser.signIn(await open());
    const before = cookie();
    const signIn = await browser.send(consent, { answer: 'switch' });
    expect(isSignIn(signIn)).to.equal(true);
    expect((await browser.signIn(signIn, 'bob')).text).to.include('<strong>bob</strong>');
    const old = await api.request('GET', `/auth/authorize?${new URLSearchParams(QUERY)}`, {
      headers: { cookie: `ward=${before}` },
    });
    expect(isSignIn(old)).to.equal(true);
  });
});

/** The contrast of two colours (WCAG 2.2, relative luminance). */
function contrast(one: string, other: string): number {
  const luminance = (hex: string) => {
    const [red = 0, green = 0, blue = 0] = [1, 3, 5]
      .map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255)
      .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const [low = 0, high = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}
