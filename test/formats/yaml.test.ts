import { expect } from 'chai';
import fc from 'fast-check';
import { load, YAML11_SCHEMA } from 'js-yaml';
import { describe, it } from 'mocha';
import { equalJson } from '../../resources/json/equal.ts';
import { readJson } from '../../resources/json/read.ts';
import { renderJson } from '../../resources/json/render.ts';
import { Decimal } from '../../resources/json/value.ts';
import { readYaml, renderYaml } from '../../server/formats/yaml.ts';
import { json, numberText } from './arbitrary.ts';
import { refusal } from './refusal.ts';

describe('YAML', () => {
  describe('reading', () => {
    const rows: [yaml: string, json: string][] = [
      [
        'resourceType: Patient\nname:\n  - family: Chalmers\n    given: [Peter, James]',
        '{"resourceType":"Patient","name":[{"family":"Chalmers","given":["Peter","James"]}]}',
      ],
      ['birthDate: 1974-12-25', '{"birthDate":"1974-12-25"}'],
      ['at: 2020-01-01T10:00:00Z', '{"at":"2020-01-01T10:00:00Z"}'],
      ['[yes, no, on, off, y, n]', '["yes","no","on","off","y","n"]'],
      ['[true, False, TRUE, null, ~, ]', '[true,false,true,null,null]'],
      ['[2.30, 1e3, 12345678901234567890, -0, 0.0]', '[2.30,1e3,12345678901234567890,-0,0.0]'],
      ['[0123, +5, .5, 5., 0x1F, 0o17, +.50, -.5]', '[123,5,0.5,5,31,15,0.50,-0.5]'],
      ['[\'0123\', "2.30", !!str 2.30, 12:30, 1_000, 0b1]', '["0123","2.30","2.30","12:30","1_000","0b1"]'],
      ['a:', '{"a":null}'],
      ['"<<": 1', '{"<<":1}'],
      ['"1": a\n"null": b', '{"1":"a","null":"b"}'],
      ['{constructor: 1, toString: 2}', '{"constructor":1,"toString":2}'],
      ['text: |\n  a\n  b\n', '{"text":"a\\nb\\n"}'],
      ['\ufeff%YAML 1.2\n---\na: 1\n...\n', '{"a":1}'],
    ];
    for (const [yaml, expected] of rows) {
      it(JSON.stringify(yaml), () => {
        expect(renderJson(readYaml(yaml))).to.equal(expected);
      });
    }

    it('nests nearly as deep as JSON may, and never deeper', () => {
      for (const deepest of [`${'['.repeat(98)}1${']'.repeat(98)}`, `${'- '.repeat(98)}1`, `${'- '.repeat(99)}`]) {
        expect(equalJson(readJson(renderJson(readYaml(deepest))), readYaml(deepest))).to.equal(true);
      }
    });

    it('reads JSON as JSON', () => {
      fc.assert(
        fc.property(json, (value) => {
          // YAML 1.2 is a superset of JSON but for the characters that it calls unprintable.
          const text = renderJson(value, true).replace(
            /[^\x20-\x7e\n]/g,
            (at) => `\\u${at.charCodeAt(0).toString(16).padStart(4, '0')}`,
          );
          expect(equalJson(readYaml(text), value)).to.equal(true);
        }),
      );
    });
  });

  describe('refuses, with line and column', () => {
    const bomb = ['a: &a [x,x,x,x,x,x,x,x,x]'];
    for (let level = 1; level < 9; level += 1)
      bomb.push(`${'abcdefghij'[level]}: &l${level} [*a,*a,*a,*a,*a,*a,*a,*a]`);
    const rows: [why: string, text: string, place: string, reason: RegExp][] = [
      ['aliases, one of them', 'a: &x 1\nb: *x', '1, column 4', /anchors are not allowed/],
      ['an alias to nothing', 'a: 1\nb: *x', '2, column 5', /aliases are not allowed|unidentified alias/],
      ['an anchor', 'a: 1\nb: &x 1', '2, column 4', /anchors are not allowed/],
      ['an anchor for a text that nobody quoted', 'secret: &abc', '1, column 9', /anchors are not allowed/],
      ['billion laughs', bomb.join('\n'), '1, column 4', /anchors are not allowed/],
      ['an alias to itself', '&a [*a]', '1, column 1', /anchors are not allowed/],
      ['a merge key, <<', 'base: {a: 1}\n<<: {admin: true}', '2, column 1', /merge keys/],
      ['a merge key with __proto__', '<<: {__proto__: {admin: true}}', '1, column 6', /__proto__/],
      ['the key __proto__', 'a: 1\n__proto__: {admin: true}', '2, column 1', /__proto__/],
      ['the key __proto__, escaped', '"\\u005f_proto__": {}', '1, column 2', /__proto__/],
      ['a function, !!js', 'a: !!js/function "function () {}"', '1, column 4', /unknown scalar tag/],
      ['a regular expression', '!!js/regexp /a/', '1, column 1', /unknown scalar tag/],
      ['undefined', '- !!js/undefined', '1, column 3', /unknown scalar tag/],
      ['a tag of Python', '!!python/object/apply:os.system [ls]', '1, column 1', /unknown sequence tag/],
      ['a tag of its own', 'a: !secret b', '1, column 4', /unknown scalar tag/],
      ['binary', 'a: !!binary aGk=', '1, column 4', /unknown scalar tag/],
      ['a timestamp', 'a: !!timestamp 2020-01-01', '1, column 4', /unknown scalar tag/],
      ['a set', '!!set {a, b}', '1, column 1', /unknown mapping tag/],
      ['a tag redefined', '%TAG !! tag:evil,2000:\n---\n!!str a', '3, column 1', /unknown scalar tag/],
      ['a tag that its text contradicts', 'a: !!int x', '1, column 4', /cannot resolve/],
      ['a key twice', 'a: 1\nb: 2\na: 3', '3, column 1', /duplicate key/],
      ['a key that is a number', 'a: 1\n2: b', '2, column 1', /must be a string/],
      ['a key that is null', '~: b', '1, column 1', /must be a string/],
      ['a key that is a boolean', 'true: b', '1, column 1', /must be a string/],
      ['a key that is a list', '? [a]\n: b', '1, column 1', /must be a string/],
      ['infinity', 'a: .inf', '1, column 1', /no infinity/],
      ['not a number', '- 1\n- .NaN', '2, column 3', /no infinity or NaN/],
      ['not a number, alone', '-.inf', '1, column 1', /no infinity/],
      ['a number beyond what a double holds', 'a: 1e309', '1, column 1', /exponent/],
      ['a number of 65 digits', `- ${'1'.repeat(65)}`, '1, column 3', /at most 64/],
      ['a hexadecimal number of 100 digits', `- 0x${'f'.repeat(100)}`, '1, column 3', /at most 64/],
      ['NUL', 'a: b\0', '1, column 5', /null byte/],
      ['NUL, escaped', '- "\\0"', '1, column 4', /NUL/],
      ['NUL in a key', '"\\x00": 1', '1, column 2', /NUL/],
      ['lone surrogates, escaped', '- "\\ud800"', '1, column 4', /surrogate/],
      ['lone surrogates, raw', 'a: \ud800', '1, column 4', /non-printable/],
      ['a control character', 'a: \u0001', '1, column 4', /non-printable/],
      ['nesting beyond 100', '['.repeat(101), '1, column 100', /nested more than 100/],
      ['nesting of a million', '['.repeat(1_000_000), '1, column 100', /nested more than 100/],
      ['lists in block style nested beyond 100', '- '.repeat(5000), '1, column 201', /nested more than 100/],
      ['a list left open', 'a: [1, 2', '1, column 9', /unexpected end/],
      ['a string left open', "a: 'b", '1, column 6', /unexpected end/],
      ['a tab as indentation', 'a:\n\tb: 1', '2, column 1', /tab characters/],
      ['bad indentation', 'a: 1\n  b: 2', '2, column 4', /bad indentation|not allowed/],
    ];
    for (const [why, text, place, reason] of rows) {
      it(why, () => {
        const failure = refusal(() => readYaml(text));
        expect(failure).to.include({ status: 400, issue: 'structure' });
        expect(failure.message).to.match(reason).and.include(`Invalid YAML at line ${place}: `);
      });
    }

    for (const [why, text, reason] of [
      ['an empty text', '', /the input is empty/],
      ['comments alone', '# nothing\n', /the input is empty/],
      ['several documents', 'a: 1\n---\nb: 2', /single document/],
    ] as const) {
      it(`${why} (no one place is wrong)`, () => {
        const failure = refusal(() => readYaml(text));
        expect(failure).to.include({ status: 400, issue: 'structure' });
        expect(failure.message)
          .to.match(reason)
          .and.match(/^Invalid YAML: /);
      });
    }

    it('and leaves Object.prototype alone', () => {
      refusal(() => readYaml('a: {__proto__: {polluted: true}}'));
      expect(({} as { polluted?: boolean }).polluted).to.equal(undefined);
    });
  });

  describe('a megabyte of what parsers dislike is read or refused at once', () => {
    const size = 1_000_000;
    const fill = (unit: string) => unit.repeat(Math.ceil(size / unit.length)).slice(0, size);
    for (const unit of [
      'a: ',
      '? ',
      '- ',
      '{a: ',
      '[a: b, ',
      '"a" ',
      "'",
      '!a ',
      '&a ',
      '%A\n',
      '#',
      ' ',
      '\n',
      '--- \n',
      '| ',
      'a\n',
      ' a: 1\n',
      '1',
      'a:\n- ',
    ]) {
      it(JSON.stringify(unit), () => {
        // What takes time that grows faster than the text does not end within the time a test has.
        try {
          readYaml(fill(unit));
        } catch (error) {
          expect(error).to.have.property('code', 'malformed');
        }
      });
    }
  });

  describe('rendering', () => {
    it('keeps every value and type from YAML to JSON and back', () => {
      fc.assert(
        fc.property(json, (value) => {
          const yaml = renderYaml(value);
          const read = readYaml(yaml);
          expect(equalJson(read, value), yaml).to.equal(true);
          expect(renderYaml(readJson(renderJson(read)))).to.equal(yaml);
        }),
        { numRuns: 500 },
      );
    });

    it('keeps the digits of numbers, unquoted', () => {
      fc.assert(
        fc.property(numberText, (text) => {
          expect(renderJson(readYaml(renderYaml([readJson(text)])))).to.equal(`[${text}]`);
        }),
      );
      expect(renderYaml({ value: new Decimal('2.30') })).to.equal('value: 2.30\n');
    });

    it('means the same strings to a reader of YAML 1.1', () => {
      fc.assert(
        fc.property(
          json.filter((value) => typeof value === 'string'),
          (value) => {
            expect(load(renderYaml([value]), { schema: YAML11_SCHEMA })).to.deep.equal([value]);
          },
        ),
        { numRuns: 500 },
      );
    });

    for (const text of [
      'yes',
      'No',
      'on',
      'off',
      'y',
      'null',
      '~',
      '0123',
      '02134',
      '1e3',
      '12:30',
      '2020-01-01',
      '1_000',
      '0x1F',
      '<<',
      '=',
      '',
    ]) {
      it(`quotes the string ${JSON.stringify(text)}`, () => {
        expect(renderYaml([text])).to.equal(`- '${text}'\n`);
      });
    }

    it('quotes a key that would end the document', () => {
      for (const key of ['---', '--- a', '...', '... a', '%TAG']) {
        expect(readYaml(renderYaml({ [key]: [{ [key]: key }] }))).to.deep.equal({ [key]: [{ [key]: key }] });
      }
    });

    it('writes the same list twice rather than an alias', () => {
      const shared = [1];
      expect(renderYaml({ a: shared, b: shared })).to.equal('a:\n  - 1\nb:\n  - 1\n');
    });

    it('writes a string of a megabyte', () => {
      for (const unit of ['a', 'a b ', 'a\n', '# ', '- ', '"', '😀']) {
        const text = unit.repeat(1_000_000 / unit.length);
        expect(readYaml(renderYaml([text]))).to.deep.equal([text]);
      }
    });
  });
});
