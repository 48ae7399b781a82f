import { expect } from 'chai';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { readBasic, secretBasic } from '../../auth/clients/methods/secret-basic.ts';
import { Parameters } from '../../auth/endpoints/parameters.ts';
import { runs } from '../harness/generated.ts';

const encode = (text: string) => Buffer.from(text).toString('base64');
const read = (authorization: string) =>
  secretBasic.read({
    authorization,
    schemeless: true,
    parameters: Parameters.read(undefined, new URLSearchParams()),
  });
const cc = { id: 'cc-client', secrets: ['verysecret'] };

describe('Basic authentication of a client (RFC 6749 §2.3.1)', () => {
  for (const [why, header, expected] of [
    ['the scheme in any case', `bAsIc ${encode('cc-client:verysecret')}`, cc],
    ['several spaces', `Basic  ${encode('cc-client:verysecret')} `, cc],
    ['a bare value without a scheme', encode('cc-client:verysecret'), cc],
    ['colons in the secret', `Basic ${encode('a:b:c')}`, { id: 'a', secrets: ['b:c'] }],
    ['a secret in both readings', `Basic ${encode('a:b%2Bc+d')}`, { id: 'a', secrets: ['b%2Bc+d', 'b+c d'] }],
    ['a secret that form-decoding does not take', `Basic ${encode('a:50%')}`, { id: 'a', secrets: ['50%'] }],
    ['an id that is form-encoded', `Basic ${encode('my%2Dapp:s')}`, { id: 'my-app', secrets: ['s'] }],
    ['text beyond ASCII', `Basic ${encode('a:pässwörd€')}`, { id: 'a', secrets: ['pässwörd€'] }],
    ['an empty secret', `Basic ${encode('a:')}`, undefined],
    ['an empty id', `Basic ${encode(':s')}`, undefined],
    ['no colon', `Basic ${encode('as')}`, undefined],
    ['another scheme', `Bearer ${encode('a:s')}`, undefined],
    ['what is not base64', 'Basic %%%', undefined],
    ['bytes that are not UTF-8', `Basic ${Buffer.from([0x61, 0x3a, 0xff]).toString('base64')}`, undefined],
    ['NUL', `Basic ${encode('a:\0')}`, undefined],
    ['an encoded NUL, which is read raw alone', `Basic ${encode('a:%00')}`, { id: 'a', secrets: ['%00'] }],
    ['three parts', `Basic ${encode('a:s')} x`, undefined],
    ['an oversized value', `Basic ${encode(`a:${'s'.repeat(5000)}`)}`, undefined],
    ['nothing', '', undefined],
  ] as const) {
    it(`${expected ? 'reads' : 'refuses'} ${why}`, () => expect(read(header)).to.deep.equal(expected));
  }

  it('every secret is among its own readings, encoded or raw', () => {
    const secret = fc
      .string({ minLength: 1, unit: 'grapheme' })
      .filter((text) => !text.includes('\0') && !/\p{Surrogate}/u.test(text));
    fc.assert(
      fc.property(secret, (text) => {
        expect(readBasic(encode(`a:${text}`))?.secrets).to.include(text);
        expect(readBasic(encode(`a:${encodeURIComponent(text)}`))?.secrets).to.include(text);
      }),
      runs(1000),
    );
  });
});
