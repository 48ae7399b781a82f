/** RFC 6749 §3.1.2, RFC 8252 §7, RFC 9700 §4.1.3: which redirect URIs may be listed, and what is one of them. */
import { expect } from 'chai';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { isListed, redirectUriProblem, withAnswer } from '../../auth/authorization/redirect-uris.ts';
import { runs } from '../harness/generated.ts';

const GOOD = [
  'https://app.example/callback',
  'https://app.example',
  'https://app.example:8443/a/b?tenant=x',
  'http://localhost/callback',
  'http://localhost:3000/callback',
  'http://127.0.0.1/callback',
  'http://[::1]:8080/callback',
  'com.example.app:/callback',
  'com.example.app://callback',
];

const BAD = [
  '',
  'callback',
  '/callback',
  '//app.example/callback',
  'http://app.example/callback',
  'http://localhost.app.example/callback',
  'http://127.0.0.1.app.example/callback',
  'http://127.0.0.2/callback',
  'https://app.example/callback?code=x',
  'https://app.example/callback?a=b&state',
  'com.example.app:/callback?i%73s=https://evil.example',
  'https://app.example/callback#',
  'https://app.example/callback#part',
  'https://me@app.example/callback',
  'https://me:secret@app.example/callback',
  'https://app.example\\@evil.example/callback',
  'https:/app.example/callback',
  'https://app.example:99999/callback',
  'https://app.example/call back',
  'https://app.example/é',
  'https://app.example/\tcallback',
  'https://*.app.example/callback?x=\n',
  'javascript:alert(1)',
  'data:text/html,x',
  'file:///etc/passwd',
  'app:/callback',
  'com.example.app:callback',
  'urn:ietf:wg:oauth:2.0:oob',
  'JavaScript.x:alert(1)',
];

/** What is listed, and what an attacker would have for it. */
const NEAR: [listed: string, asked: string][] = [
  ['https://app.example/callback', 'https://app.example/callback/'],
  ['https://app.example/callback', 'https://app.example/callback/../evil'],
  ['https://app.example/callback', 'https://app.example/callback%2f'],
  ['https://app.example/callback', 'https://app.example/%63allback'],
  ['https://app.example/callback', 'https://app.example/callback?x=1'],
  ['https://app.example/callback', 'https://app.example/callback#x'],
  ['https://app.example/callback', 'https://app.example/callbac'],
  ['https://app.example/callback', 'https://app.example/'],
  ['https://app.example/callback', 'https://APP.example/callback'],
  ['https://app.example/callback', 'https://app.example.evil.example/callback'],
  ['https://app.example/callback', 'https://evil.example/https://app.example/callback'],
  ['https://app.example/callback', 'https://app.example@evil.example/callback'],
  ['https://app.example/callback', 'https://evil.example\\@app.example/callback'],
  ['https://app.example/callback', 'https://app.example:443/callback'],
  ['https://app.example/callback', 'http://app.example/callback'],
  ['https://app.example/callback', ' https://app.example/callback'],
  ['http://localhost/callback', 'http://localhost:3000/callback'],
  ['http://127.0.0.1/callback', 'http://127.0.0.1:3000/other'],
  ['http://127.0.0.1/callback', 'http://127.0.0.1:3000@evil.example/callback'],
  ['http://127.0.0.1/callback', 'http://127.0.0.1:99999/callback'],
  ['http://127.0.0.1/callback', 'http://127.0.0.1:3000/callback#x'],
  ['http://127.0.0.1/callback', 'http://127.0.0.1.evil.example/callback'],
  ['http://127.0.0.1/callback', 'http://[::1]/callback'],
  ['http://127.0.0.1/callback', 'https://127.0.0.1/callback'],
  ['com.example.app:/callback', 'com.example.app:/callback2'],
];

describe('redirect URIs', () => {
  for (const uri of GOOD)
    it(`RFC 8252 §7: ${uri} may be listed`, () => expect(redirectUriProblem(uri)).to.equal(undefined));
  for (const uri of BAD)
    it(`RFC 6749 §3.1.2, RFC 6749 §3.1.2.1, RFC 8252 §8.4, RFC 9700 §2.6: ${JSON.stringify(uri)} may not`, () =>
      expect(redirectUriProblem(uri)).to.be.a('string'));

  for (const [listed, asked] of NEAR) {
    it(`RFC 9700 §2.1, §4.1.3: ${asked} is not ${listed}`, () => expect(isListed([listed], asked)).to.equal(false));
  }

  it('RFC 8252 §7.3: a loopback address is the same at any port', () => {
    for (const port of ['', ':1', ':8080', ':65535']) {
      expect(isListed(['http://127.0.0.1/cb?a=1'], `http://127.0.0.1${port}/cb?a=1`)).to.equal(true);
      expect(isListed(['http://[::1]:9/cb'], `http://[::1]${port}/cb`)).to.equal(true);
    }
  });

  it('RFC 9700 §2.1: whatever is added, left out or changed of a listed one is another', () => {
    const edit = fc.tuple(fc.nat(), fc.nat(3), fc.string({ minLength: 1, maxLength: 4 }));
    fc.assert(
      fc.property(fc.constantFrom(...GOOD.filter((uri) => !/127|::1/.test(uri))), edit, (uri, [at, gone, text]) => {
        const place = at % (uri.length + 1);
        const edited = uri.slice(0, place) + text + uri.slice(place + gone);
        expect(isListed([uri], edited)).to.equal(edited === uri);
      }),
      runs(2_000),
    );
  });

  it('RFC 6749 §3.1.2: an answer is added to the query that there is', () => {
    const answer = { code: 'a b&c', state: undefined, iss: 'https://ward.example' };
    expect(withAnswer('https://a.example/cb?x=1', answer)).to.equal(
      'https://a.example/cb?x=1&code=a+b%26c&iss=https%3A%2F%2Fward.example',
    );
    expect(withAnswer('com.example:/cb', { code: 'c' })).to.equal('com.example:/cb?code=c');
  });

  it('no value can add a parameter, a fragment or a line', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (state) => {
        const url = withAnswer('https://a.example/cb', { state, iss: 'i' });
        expect(url).to.match(/^https:\/\/a\.example\/cb\?state=[^#&\s]*&iss=i$/);
      }),
      runs(1_000),
    );
  });
});
