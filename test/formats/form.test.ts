import { expect } from 'chai';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { parseForm } from '../../server/formats/form.ts';
import { decodeUtf8 } from '../../server/formats/text.ts';
import { refusal } from './refusal.ts';

describe('forms', () => {
  it('keep the order and every repeat of their fields', () => {
    expect(parseForm('scope=a+b&resource=x&resource=y%26z&empty=&bare&&a=b=c')).to.deep.equal([
      ['scope', 'a b'],
      ['resource', 'x'],
      ['resource', 'y&z'],
      ['empty', ''],
      ['bare', ''],
      ['a', 'b=c'],
    ]);
    expect(parseForm('')).to.deep.equal([]);
  });

  it('read what URLSearchParams writes', () => {
    const text = fc.string({ unit: 'grapheme' }).map((value) => value.replaceAll('\0', ''));
    fc.assert(
      fc.property(fc.array(fc.tuple(text.filter(Boolean), text)), (pairs) => {
        expect(parseForm(new URLSearchParams(pairs).toString())).to.deep.equal(pairs);
      }),
    );
  });

  for (const [why, text] of [
    ['a percent sign alone', 'a=1&secret=50%'],
    ['digits that are not hexadecimal', 'a=1&secret=%zz'],
    ['bytes that are not UTF-8', 'a=1&secret=%ff%fe'],
    ['an overlong encoding', 'a=1&secret=%c0%af'],
    ['lone surrogates', 'a=1&secret=%ed%a0%80'],
    ['NUL', 'a=1&secret=a%00b'],
    ['a bad name', 'a=1&%ff=secret'],
  ] as const) {
    it(`${why}: 400, naming the field by its place and never its value`, () => {
      const failure = refusal(() => parseForm(text));
      expect(failure).to.include({ status: 400, issue: 'structure' });
      expect(failure.message).to.include('field 2').and.not.include('secret');
    });
  }
});

describe('bytes', () => {
  it('are read as UTF-8, without a byte order mark', () => {
    expect(decodeUtf8(new TextEncoder().encode('\ufeffé😀'))).to.equal('é😀');
  });

  for (const [why, bytes] of [
    ['Latin-1', [0x22, 0xe9, 0x22]],
    ['UTF-16', [0xff, 0xfe, 0x22, 0x00]],
    ['a character cut short', [0x22, 0xf0, 0x9f]],
    ['lone surrogates', [0xed, 0xa0, 0x80]],
    ['an overlong encoding', [0xc0, 0xaf]],
  ] as const) {
    it(`of ${why} are refused: 400`, () => {
      const failure = refusal(() => decodeUtf8(new Uint8Array(bytes)));
      expect(failure).to.include({ status: 400, issue: 'structure' });
      expect(failure.message).to.include('UTF-8');
    });
  }
});
