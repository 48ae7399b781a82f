/** R4 §2.24.0.1, a row a primitive type: texts of JSON that are values of the type, and texts that are not. */
import { expect } from 'chai';
import { describe, it } from 'mocha';
import { findings, read } from './check.ts';

const LONG_ID = 'a'.repeat(64);

const TYPES: Record<string, { valid: string[]; invalid: string[] }> = {
  boolean: { valid: ['true', 'false'], invalid: ['"true"', '1', '0', '"yes"', 'null'] },
  integer: {
    valid: ['0', '1', '-1', '2147483647', '-2147483648'],
    invalid: ['-0', '2147483648', '-2147483649', '1.0', '1e2', '0.5', '"1"', '12345678901234567890', 'true'],
  },
  positiveInt: { valid: ['1', '2147483647'], invalid: ['0', '-1', '2147483648', '1.0', '"1"'] },
  unsignedInt: { valid: ['0', '2147483647'], invalid: ['-1', '-0', '2147483648', '0.0', '"0"'] },
  decimal: {
    valid: ['0', '-0', '1.0', '2.30', '-1e-7', '1E+2', '3.141592653589793238462643383279'],
    invalid: ['"1.0"', 'true', '[1]', '{}'],
  },
  string: {
    valid: ['"a"', '" a "', '"a\\n\\r\\tb"', '"Müñoz 🙂"', '"\\u00a0a"'],
    invalid: ['""', '" "', '"\\n"', '"a\\u0007"', '12', 'true'],
  },
  markdown: { valid: ['"# a\\n\\nb"'], invalid: ['""', '"  "', '1.5'] },
  code: { valid: ['"a"', '"a b"', '"a-b.c"'], invalid: ['""', '" a"', '"a "', '"a  b"', '1'] },
  id: {
    valid: ['"a"', '"A.b-1"', `"${LONG_ID}"`],
    invalid: ['""', '"a_b"', '"a b"', `"${LONG_ID}a"`, '"."', '".."', '1'],
  },
  uri: {
    valid: [
      '"http://a.example/b"',
      '"a"',
      '"#a"',
      '"urn:oid:1.2.3"',
      '"urn:uuid:C757873D-EC9A-4326-A141-556F43239520"',
    ],
    invalid: ['""', '"a b"', '" "', '"urn:oid:01.2"', '"urn:uuid:1"', '1'],
  },
  url: { valid: ['"https://a.example"', '"mailto:a@b.example"'], invalid: ['""', '"a b"'] },
  canonical: { valid: ['"http://a.example/b|1.0"', '"#a"'], invalid: ['""', '"http://a.example/b |1"'] },
  oid: {
    valid: ['"urn:oid:1.2.3"', '"urn:oid:2.0"'],
    invalid: ['"1.2.3"', '"urn:oid:3.1"', '"urn:oid:1"', '"urn:oid:1.02"'],
  },
  uuid: {
    valid: ['"urn:uuid:c757873d-ec9a-4326-a141-556f43239520"'],
    invalid: [
      '"c757873d-ec9a-4326-a141-556f43239520"',
      '"urn:uuid:C757873D-EC9A-4326-A141-556F43239520"',
      '"urn:uuid:c757873d"',
    ],
  },
  base64Binary: {
    valid: ['"YQ=="', '"YWI="', '"YWJj"', '"YWJj YWJj"', '"YWJj\\nYQ=="'],
    invalid: ['""', '"YQ"', '"YQ==="', '"Y!Jj"', '"=YWJ"', '"YW=j"', '" "', '1'],
  },
  date: {
    valid: ['"2024"', '"2024-02"', '"2024-02-29"', '"2000-02-29"', '"0001-01-01"', '"9999-12-31"'],
    invalid: [
      '"2023-02-29"',
      '"1900-02-29"',
      '"2024-13"',
      '"2024-00"',
      '"2024-04-31"',
      '"2024-01-00"',
      '"0000"',
      '"24"',
      '"2024-1-1"',
      '"2024-01-01T00:00:00Z"',
      '"2024-01-01 "',
      '2024',
      '""',
    ],
  },
  dateTime: {
    valid: [
      '"2024"',
      '"2024-02"',
      '"2024-02-29"',
      '"2024-02-29T23:59:60Z"',
      '"2024-02-29T00:00:00.123456789+14:00"',
      '"2024-02-29T12:00:00-13:59"',
    ],
    invalid: [
      '"2024-02-29T12:00:00"',
      '"2024-02-29T12:00Z"',
      '"2024-02-29T24:00:00Z"',
      '"2024-02-29T23:60:00Z"',
      '"2024-02-29T23:59:61Z"',
      '"2024-02-29T12:00:00+14:01"',
      '"2024-02-29T12:00:00+15:00"',
      '"2023-02-29T12:00:00Z"',
      '"2024-02T12:00:00Z"',
      '"2024-02-29t12:00:00z"',
      '"2024-02-29T12:00:00.Z"',
      '"2024-02-29 12:00:00Z"',
    ],
  },
  instant: {
    valid: ['"2015-02-07T13:28:17.239+02:00"', '"2017-01-01T00:00:00Z"'],
    invalid: ['"2015-02-07"', '"2015-02-07T13:28:17"', '"2015-02-07T13:28Z"', '"2015"', '"2015-02-30T13:28:17Z"'],
  },
  time: {
    valid: ['"00:00:00"', '"23:59:60"', '"12:30:00.5"'],
    invalid: ['"24:00:00"', '"12:30"', '"12:30:00Z"', '"1:30:00"'],
  },
};

function inParameter(type: string, value: string): ReturnType<typeof findings> {
  const key = `value${type.charAt(0).toUpperCase()}${type.slice(1)}`;
  return findings(read(`{"resourceType":"Parameters","parameter":[{"name":"a","${key}":${value}}]}`));
}

describe('validation: primitive types', () => {
  for (const [type, { valid, invalid }] of Object.entries(TYPES)) {
    it(`${type} takes ${valid.join(' ').slice(0, 50)}`, () => {
      expect(valid.filter((value) => inParameter(type, value).length > 0)).to.eql([]);
    });

    it(`${type} refuses ${invalid.join(' ').slice(0, 50)}, at its place`, () => {
      const place = `Parameters.parameter[0].value.ofType(${type})`;
      for (const value of invalid) expect(inParameter(type, value), value).to.deep.include(['value', place]);
    });
  }

  it('refuses halves of a character', () => {
    const text = { resourceType: 'Patient', name: [{ family: 'a\ud800' }] };
    expect(findings(text)).to.eql([['value', 'Patient.name[0].family']]);
  });
});
