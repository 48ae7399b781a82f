/** Headers that mean nothing, or nothing here. */
import { addresses, bodies, headers, type Row } from './row.ts';

const BODY = { body: '{"active":true}' };

export const HEADERS: Row[] = [
  ...headers(
    'a body of another type',
    ['PUT', '/Patient/x', 'content-type'],
    [415, 'not-supported'],
    [
      'text/plain',
      'application/xml',
      'application/fhir+xml',
      'application/x-www-form-urlencoded',
      'application/json-patch+json',
      'multipart/form-data; boundary=x',
      'json',
      '*/*',
      'application/json; charset=utf-16',
      'application/json, text/yaml',
    ],
    BODY,
  ),
  ...bodies('a body of no type', 'PUT', '/Patient/x', [['no Content-Type', BODY, 415, 'not-supported']]),
  ...bodies('a search by another type of body', 'POST', '/Patient/_search', [
    ['JSON', { json: { name: 'x' } }, 415, 'not-supported'],
    ['YAML', { yaml: 'name: x\n' }, 415, 'not-supported'],
  ]),
  ...headers(
    'an answer of another type',
    ['GET', '/Patient/kept', 'accept'],
    [406, 'not-supported'],
    [
      'application/xml',
      'application/fhir+xml',
      'image/png',
      'text/plain',
      'application/fhir+turtle',
      'application/json;q=0',
      '*/*;q=0',
      'json',
    ],
  ),
  ...addresses('a format that is none', 'GET', 406, 'not-supported', [
    '/Patient/kept?_format=xml',
    '/Patient/kept?_format=application/fhir%2Bxml',
    '/Patient/kept?_format=ttl',
    '/Patient?_format=foo',
  ]),
  ...headers(
    'a version that is none',
    ['PUT', '/Patient/kept', 'if-match'],
    [400, 'invalid'],
    ['1', 'W/', 'abc', 'W/1', '"1'],
    {
      json: { active: false },
    },
  ),
  ...headers(
    'a version that is not the current one',
    ['PUT', '/Patient/kept', 'if-match'],
    [412, 'conflict'],
    ['W/"2"', 'W/"0"', 'W/"-1"', 'W/"x"', 'W/"2", W/"3"', 'W/"99999999999999999999"'],
    { json: { active: false } },
  ),
  ...headers('a resource that must not be there', ['PUT', '/Patient/kept', 'if-none-match'], [412, 'conflict'], ['*'], {
    json: { active: false },
  }),
  ...headers('a resource that must be there', ['PUT', '/Patient/x', 'if-match'], [412, 'conflict'], ['W/"1"', '*'], {
    json: { active: false },
  }),
  ...headers(
    'credentials that are none',
    ['GET', '/Patient', 'authorization'],
    [401, 'login'],
    [
      'Basic',
      'Basic ',
      'Basic !!!',
      `Basic ${Buffer.from('no colon').toString('base64')}`,
      `Basic ${Buffer.from('root:wrong').toString('base64')}`,
      'Bearer',
      'Bearer a b',
      'Bearer x',
      `Bearer ${'x'.repeat(8000)}`,
      'Digest username="root"',
    ],
  ),
];
