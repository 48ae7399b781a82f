import { expect } from 'chai';
import { describe, it } from 'mocha';
import { Parameters, type ParsedBody } from '../../auth/endpoints/parameters.ts';
import { codeOf } from './refusal.ts';

const read = (body: ParsedBody, query = '') => Parameters.read(body, new URLSearchParams(query));

describe('parameters of OAuth requests', () => {
  const refusedRows: [why: string, body: ParsedBody, query?: string][] = [
    [
      'a parameter twice in a form',
      {
        form: [
          ['scope', 'a'],
          ['scope', 'b'],
        ],
      },
    ],
    [
      'an unknown parameter twice',
      {
        form: [
          ['x', '1'],
          ['x', '2'],
        ],
      },
    ],
    [
      'a parameter twice, once empty',
      {
        form: [
          ['scope', ''],
          ['scope', 'b'],
        ],
      },
    ],
    ['a credential in the query', { form: [['grant_type', 'password']] }, 'client_secret=x'],
    ['duplicates split across query and body', { form: [['grant_type', 'password']] }, 'grant_type=password'],
    ['an array as a value in JSON', { json: { client_id: ['a'] } }],
    ['an object as a value in JSON', { json: { client_secret: { $ne: '' } } }],
    ['a number as a value in JSON', { json: { client_secret: 12345 } }],
    ['an object in a list', { json: { audience: [{}] } }],
    ['a JSON array as body', { json: [] }],
    ['oversized parameters', { form: [['password', 'x'.repeat(1025)]] }],
    ['NUL', { form: [['username', 'a\0b']] }],
    ['lone surrogates', { json: { username: 'a\ud800' } }],
    ['a parameter repeated without end', { form: Array.from({ length: 21 }, () => ['resource', 'https://a.example']) }],
  ];
  for (const [why, body, query] of refusedRows) {
    it(`refuse ${why}`, () => expect(codeOf(() => read(body, query))).to.equal('invalid_request'));
  }

  it('RFC 6749 §3.2: empty means omitted, and null too', () => {
    expect(read({ form: [['scope', '']] }).get('scope')).to.equal(undefined);
    expect(read({ json: { scope: null, client_id: '' } }).get('scope')).to.equal(undefined);
    expect(codeOf(() => read({ form: [['username', '']] }).require('username'))).to.equal('invalid_request');
  });

  it('unknown ones are ignored, whatever they hold', () => {
    const parameters = read({ json: { grant_type: 'password', extra: { a: [1] }, constructor: 'x' } }, 'utm=1');
    expect(parameters.get('grant_type')).to.equal('password');
  });

  it('audience and resource may repeat', () => {
    const form: [string, string][] = [
      ['resource', 'a:1'],
      ['resource', 'a:2'],
      ['audience', 'x'],
    ];
    expect(read({ form }).all('resource')).to.deep.equal(['a:1', 'a:2']);
    expect(read({ json: { audience: ['x', 'y'], resource: 'a:1' } }).all('audience')).to.deep.equal(['x', 'y']);
  });

  it('nothing sent is nothing read', () => expect(read(undefined).get('client_id')).to.equal(undefined));
});
