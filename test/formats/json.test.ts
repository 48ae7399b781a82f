import { expect } from 'chai';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { equalJson } from '../../resources/json/equal.ts';
import { readJson } from '../../resources/json/read.ts';
import { renderJson } from '../../resources/json/render.ts';
import { Decimal } from '../../resources/json/value.ts';
import { json, numberText } from './arbitrary.ts';
import { refusal } from './refusal.ts';

describe('JSON', () => {
  describe('reading', () => {
    it('agrees with JSON.parse where both keep every digit', () => {
      fc.assert(
        fc.property(fc.json(), (text) => {
          fc.pre(!text.includes('__proto__') && !/\\u0000|\\ud[89a-f]/i.test(text));
          expect(JSON.parse(renderJson(readJson(text)))).to.deep.equal(JSON.parse(text));
        }),
      );
    });

    it('keeps the digits of a number', () => {
      fc.assert(
        fc.property(numberText, (text) => {
          expect(renderJson(readJson(`[${text}]`))).to.equal(`[${text}]`);
        }),
      );
    });

    for (const text of ['2.30', '1e3', '1E+3', '-0', '0.0', '12345678901234567890', '1.0', '-1.50e-10']) {
      it(`reads ${text} as a Decimal of that text`, () => {
        expect(readJson(text)).to.deep.equal(new Decimal(text));
      });
    }

    it('reads numbers that lose nothing as numbers', () => {
      expect(readJson('[0, -1, 2.5, 39.469511692309176, 1e+21]')).to.deep.equal([0, -1, 2.5, 39.469511692309176, 1e21]);
    });

    it('skips a leading byte order mark and white space', () => {
      expect(readJson('\ufeff \t\r\n{"a":[]} \n')).to.deep.equal({ a: [] });
    });

    it('decodes every escape, pairs of surrogates included', () => {
      expect(readJson('"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00"')).to.equal('"\\/\b\f\n\r\té😀');
    });

    for (const length of [1, 63, 64, 65, 66, 200]) {
      it(`reads what comes after ${length} characters of a string`, () => {
        const plain = 'p'.repeat(length);
        expect(readJson(`["${plain}\\n\\"é😀","next"]`)).to.deep.equal([`${plain}\n"é😀`, 'next']);
        expect(readJson(`{"${plain}":"${plain}"}`)).to.deep.equal({ [plain]: plain });
      });
    }

    it('gives keys like constructor and toString as own keys of a plain object', () => {
      const value = readJson('{"constructor":1,"toString":{"prototype":2}}');
      expect(Object.keys(value as object)).to.deep.equal(['constructor', 'toString']);
      expect(Object.getPrototypeOf(value)).to.equal(Object.prototype);
    });
  });

  describe('refuses, with line and column', () => {
    const deep = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);
    const rows: [why: string, text: string, place: string, reason: RegExp][] = [
      ['an empty text', '', '1, column 1', /unexpected end/],
      ['a text cut short', '{"a":', '1, column 6', /unexpected end/],
      ['an object left open', '{"a":1', '1, column 7', /expected "," or "}"/],
      ['text behind the value', '{}\n x', '2, column 2', /unexpected text after/],
      ['two values', '1 2', '1, column 3', /unexpected text after/],
      ['a comma too many in an object', '{"a":1,}', '1, column 8', /expected a key/],
      ['a comma too many in an array', '[1,]', '1, column 4', /expected a value/],
      ['a missing comma', '[1 2]', '1, column 4', /expected "," or "]"/],
      ['a missing colon', '{"a" 1}', '1, column 6', /expected ":"/],
      ['a bare key', '{a:1}', '1, column 2', /expected a key/],
      ['single quotes', "['a']", '1, column 2', /expected a value/],
      ['a comment', '[1,\r\n// no\r\n2]', '2, column 1', /expected a value/],
      ['a word that JSON has not', '[undefined]', '1, column 2', /expected a value/],
      ['NaN', 'NaN', '1, column 1', /expected a value/],
      ['a word cut short', 'nul', '1, column 1', /expected a value/],
      ['a string left open', '{\n  "a": "b\\"', '2, column 8', /no closing quote/],
      ['a long string left open', `["${'long '.repeat(50)}`, '1, column 2', /no closing quote/],
      ['a raw line break in a string', '"a\nb"', '1, column 3', /control character/],
      ['a raw line break late in a string', `"${'long '.repeat(50)}\nb"`, '1, column 252', /control character/],
      ['a raw NUL', '"\0"', '1, column 2', /control character/],
      ['an unknown escape', '"\\x41"', '1, column 2', /unknown escape/],
      ['a short \\u escape', '"ab\\u12"', '1, column 4', /unknown escape/],
      ['an escaped NUL', '["\\u0000"]', '1, column 2', /NUL/],
      ['NUL in a key', '{"a\\u0000":1}', '1, column 2', /NUL/],
      ['lone surrogates: half a pair, escaped', '"\\ud800x"', '1, column 1', /surrogate/],
      ['lone surrogates: half a pair late in a string', `["${'long '.repeat(50)}\udc00"]`, '1, column 2', /surrogate/],
      ['lone surrogates: half a pair, raw', '"\udc00"', '1, column 1', /surrogate/],
      ['lone surrogates: a pair in the wrong order', '"\\ude00\\ud83d"', '1, column 1', /surrogate/],
      ['a key twice', '{"a":1,\n"a":2}', '2, column 1', /duplicate key "a"/],
      ['a key twice, one of them escaped', '{"a":1,"\\u0061":2}', '1, column 8', /duplicate key "a"/],
      ['the key __proto__', '{"__proto__":{"admin":true}}', '1, column 2', /__proto__/],
      ['the key __proto__, escaped', '{"\\u005f_proto__":{}}', '1, column 2', /__proto__/],
      ['a leading zero', '012', '1, column 1', /number/],
      ['a plus sign', '+1', '1, column 1', /number/],
      ['a bare fraction', '.5', '1, column 1', /number/],
      ['a bare point', '5.', '1, column 1', /number/],
      ['a minus alone', '[-]', '1, column 2', /number/],
      ['an exponent without digits', '1e', '1, column 1', /number/],
      ['a number beyond what a double holds', '1e309', '1, column 1', /number/],
      ['a number too close to zero', '1e-400', '1, column 1', /number/],
      ['huge numbers: an exponent of a million digits', `1e${'9'.repeat(1000000)}`, '1, column 1', /number/],
      ['huge numbers: one of 65 characters', `[${'1'.repeat(65)}]`, '1, column 2', /at most 64/],
      ['deep JSON: nesting beyond 100', deep(101), '1, column 101', /nested more than 100/],
      ['deep JSON: nesting of a million', '['.repeat(1_000_000), '1, column 101', /nested more than 100/],
      ['objects nested beyond 100', '{"a":'.repeat(101), '1, column 501', /nested more than 100/],
    ];
    for (const [why, text, place, reason] of rows) {
      it(why, () => {
        const failure = refusal(() => readJson(text));
        expect(failure).to.include({ status: 400, issue: 'structure' });
        expect(failure.message).to.match(reason).and.include(`Invalid JSON at line ${place}: `);
      });
    }

    it('but takes what lies just within the limits', () => {
      expect(renderJson(readJson(deep(100)))).to.equal(deep(100));
      expect(renderJson(readJson('1'.repeat(64)))).to.equal('1'.repeat(64));
      expect(renderJson(readJson('1e308'))).to.equal('1e308');
    });

    it('long keys are not repeated in full', () => {
      const key = `"${'k'.repeat(500_000)}":1`;
      expect(refusal(() => readJson(`{${key},${key}}`)).message).to.have.length.below(200);
    });

    it('and leaves Object.prototype alone', () => {
      refusal(() => readJson('{"a":{"__proto__":{"polluted":true}}}'));
      expect(({} as { polluted?: boolean }).polluted).to.equal(undefined);
    });
  });

  describe('rendering', () => {
    it('reads back as the same value, compact and indented', () => {
      fc.assert(
        fc.property(json, (value) => {
          expect(equalJson(readJson(renderJson(value)), value)).to.equal(true);
          expect(equalJson(readJson(renderJson(value, true)), value)).to.equal(true);
        }),
      );
    });

    it('writes what JSON.stringify writes', () => {
      const value = { a: [1, 'é"\n', null, true, [], {}], b: { c: [{}], d: -0.5 } };
      expect(renderJson(value)).to.equal(JSON.stringify(value));
      expect(renderJson(value, true)).to.equal(JSON.stringify(value, null, 2));
    });

    it('writes around a number with its own digits what it writes elsewhere', () => {
      const value = { a: [1, 'é"\n\ud800', null, true, [], {}], toJSON: 'x', b: { c: [{}], d: -0 } };
      for (const pretty of [false, true]) {
        const digits = renderJson({ ...value, z: new Decimal('1.0') }, pretty);
        expect(digits.replace('1.0', '1')).to.equal(renderJson({ ...value, z: 1 }, pretty));
      }
    });

    it('refuses what JSON cannot say', () => {
      for (const value of [Number.NaN, Number.POSITIVE_INFINITY, undefined, () => 1]) {
        expect(() => renderJson([value as unknown as null])).to.throw(TypeError);
      }
    });
  });

  describe('equality', () => {
    const rows: [left: string, right: string, equal: boolean][] = [
      ['{"a":1,"b":[2]}', '{"b":[2],"a":1}', true],
      ['[1,2]', '[2,1]', false],
      ['2.30', '2.3', false],
      ['2.30', '2.30', true],
      ['{"a":1}', '{"b":1}', false],
      ['{"a":1}', '{"toString":1}', false],
      ['{"a":1}', '{"a":1,"b":1}', false],
      ['[]', '{}', false],
      ['null', '{}', false],
      ['"1"', '1', false],
      ['"1.0"', '1.0', false],
      ['0', 'false', false],
    ];
    for (const [left, right, equal] of rows) {
      it(`${left} and ${right} are ${equal ? 'the same' : 'different'}`, () => {
        expect(equalJson(readJson(left), readJson(right))).to.equal(equal);
        expect(equalJson(readJson(right), readJson(left))).to.equal(equal);
      });
    }

    it('sees a number and a Decimal of the same text as one', () => {
      expect(equalJson(2.5, new Decimal('2.5'))).to.equal(true);
    });
  });
});
