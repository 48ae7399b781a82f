/** What the token endpoint says to requests that are wrong: status, error and headers, a row a request. */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import type { RequestOptions } from '../../harness/http.ts';
import { type Api, expectOAuthError, refusal, startApi } from './api.ts';

const SECRET = 'app-secret';
const KEY = { client_id: 'service', client_secret: SECRET };
const GRANT = { grant_type: 'client_credentials' };
const FORM = new URLSearchParams({ ...GRANT, ...KEY }).toString();
const typed = (type: string, body: string): RequestOptions => ({ headers: { 'content-type': type }, body });

type Row = [why: string, options: RequestOptions, expected: string, query?: string, method?: string];

const ROWS: Row[] = [
  ['no grant_type', { form: KEY }, '400 invalid_request'],
  ['RFC 6749 §3.2: empty = omitted: an empty grant_type', { form: { ...KEY, grant_type: '' } }, '400 invalid_request'],
  ['an unknown grant', { form: { ...KEY, grant_type: 'magic' } }, '400 unsupported_grant_type'],
  ['grant_type=__proto__', { form: { ...KEY, grant_type: '__proto__' } }, '400 unsupported_grant_type'],
  ['grant_type=constructor', { form: { ...KEY, grant_type: 'constructor' } }, '400 unsupported_grant_type'],
  ['grant_type=toString', { form: { ...KEY, grant_type: 'toString' } }, '400 unsupported_grant_type'],
  ['a grant in another case', { form: { ...KEY, grant_type: 'Password' } }, '400 unsupported_grant_type'],
  [
    'a grant of OAuth that is not served',
    { form: { ...KEY, grant_type: 'urn:ietf:params:oauth:grant-type:device_code' } },
    '400 unsupported_grant_type',
  ],
  ['RFC 6749 §3.2: duplicated grant_type', { form: `${FORM}&grant_type=password` }, '400 invalid_request'],
  ['duplicated client_id', { form: `${FORM}&client_id=service` }, '400 invalid_request'],
  ['duplicated client_secret', { form: `${FORM}&client_secret=x` }, '400 invalid_request'],
  ['duplicated scope', { form: `${FORM}&scope=a&scope=b` }, '400 invalid_request'],
  ['duplicated, one of them empty', { form: `${FORM}&scope=&scope=b` }, '400 invalid_request'],
  ['a duplicate of what is not known', { form: `${FORM}&other=1&other=2` }, '400 invalid_request'],
  ['duplicates in JSON', typed('application/json', `{"grant_type":"a","grant_type":"b"}`), '400 invalid_request'],
  ['duplicates split across query and body', { form: FORM }, '400 invalid_request', '?grant_type=password'],
  [
    'duplicates split across query, body and JSON',
    typed('application/json', JSON.stringify({ ...GRANT, ...KEY })),
    '400 invalid_request',
    '?client_id=service',
  ],
  [
    'duplicates split across a header and JSON',
    { as: { basic: ['service', SECRET] }, json: { ...GRANT, ...KEY } },
    '400 invalid_request',
  ],
  [
    'RFC 6749 §2.3.1: a secret in the query',
    { form: GRANT },
    '400 invalid_request',
    `?client_id=service&client_secret=${SECRET}`,
  ],
  ['a password in the query', { form: { ...GRANT, ...KEY } }, '400 invalid_request', '?password=x'],
  ['a refresh token in the query', { form: { ...GRANT, ...KEY } }, '400 invalid_request', '?refresh_token=x'],
  ['an assertion in the query', { form: { ...GRANT, ...KEY } }, '400 invalid_request', '?client_assertion=x'],
  ['objects where strings are expected', { json: { ...GRANT, ...KEY, client_id: { $ne: '' } } }, '400 invalid_request'],
  ['arrays as values in JSON', { json: { ...GRANT, ...KEY, client_secret: [SECRET] } }, '400 invalid_request'],
  ['a number as value in JSON', { json: { ...GRANT, ...KEY, scope: 5 } }, '400 invalid_request'],
  ['true as value in JSON', { json: { ...KEY, grant_type: true } }, '400 invalid_request'],
  [
    '__proto__ in JSON',
    typed('application/json', `{"__proto__":{"grant_type":"client_credentials"}}`),
    '400 invalid_request',
  ],
  ['a JSON list', { json: [GRANT] }, '400 invalid_request'],
  ['broken JSON', typed('application/json', '{"grant_type":'), '400 invalid_request'],
  ['a broken form', typed('application/x-www-form-urlencoded', 'grant_type=%zz'), '400 invalid_request'],
  ['NUL', { form: `${FORM}&scope=a%00b` }, '400 invalid_request'],
  [
    'lone surrogates',
    typed('application/json', `{"grant_type":"client_credentials","client_id":"\\ud800"}`),
    '400 invalid_request',
  ],
  [
    'oversized parameter: client_id',
    { form: { ...GRANT, client_id: 'x'.repeat(300), client_secret: 'x' } },
    '400 invalid_request',
  ],
  [
    'oversized parameter: client_secret',
    { form: { ...GRANT, client_id: 'service', client_secret: 'x'.repeat(2000) } },
    '400 invalid_request',
  ],
  ['oversized parameter: scope', { form: { ...GRANT, ...KEY, scope: 'x'.repeat(5000) } }, '400 invalid_request'],
  ['an audience too often', { form: `${FORM}${'&audience=a'.repeat(21)}` }, '400 invalid_request'],
  [
    'one parameter a hundred thousand times',
    { json: { ...GRANT, ...KEY, audience: Array(100_000).fill('a') } },
    '400 invalid_request',
  ],
  ['a hundred thousand fields', { form: `${FORM}${'&audience=a'.repeat(90_000)}` }, '413 invalid_request'],
  ['an oversized body', { form: { ...GRANT, ...KEY, other: 'x'.repeat(1_100_000) } }, '413 invalid_request'],
  ['no body', {}, '400 invalid_request'],
  ['a body of no type', typed('', FORM), '415 invalid_request'],
  ['a body of another type', typed('text/plain', FORM), '415 invalid_request'],
  ['multipart', typed('multipart/form-data; boundary=x', '--x--'), '415 invalid_request'],
  ['no client', { form: GRANT }, '401 invalid_client'],
  ['a wrong secret', { form: { ...GRANT, ...KEY, client_secret: 'wrong' } }, '401 invalid_client'],
  ['GET', {}, '405 invalid_request', '', 'GET'],
  ['GET with all of it in the query', {}, '405 invalid_request', `?${FORM}`, 'GET'],
  ['PUT', { form: FORM }, '405 invalid_request', '', 'PUT'],
  ['DELETE', {}, '405 invalid_request', '', 'DELETE'],
];

describe('RFC 6749 §3.2, §5.2: errors of the token endpoint', () => {
  let api: Api;
  before(async () => {
    api = await startApi();
    await api.put('/Client/service', { secret: SECRET, grant_types: ['client_credentials'] });
  });
  after(() => api.stop());

  for (const [why, options, expected, query = '', method = 'POST'] of ROWS) {
    it(`${why}: ${expected}`, async () => {
      const reply = await api.request(method, `/auth/token${query}`, options);
      expectOAuthError(reply, expected);
      expect(reply.text).to.not.include(SECRET);
    });
  }

  for (const [method, path] of [
    ['GET', '/auth/nothing'],
    ['POST', '/auth/tokens'],
    ['POST', '/auth/token/'],
  ] as const) {
    it(`${method} ${path} is no endpoint: 404`, async () => {
      const reply = await api.request(method, path, { form: FORM });
      expect(refusal(reply), reply.text).to.equal('404 invalid_request');
    });
  }

  const accepted: [why: string, options: RequestOptions, query?: string][] = [
    ['RFC 6749 §3.2: unknown parameters are ignored', { form: `${FORM}&other=1` }],
    ['unknown parameters in the query are ignored', { form: FORM }, '?other=1'],
    ['empty = omitted', { form: `${FORM}&scope=&audience=&resource=&username=&client_assertion=` }],
    ['empty in JSON', { json: { ...GRANT, ...KEY, scope: '' } }],
    ['null in JSON', { json: { ...GRANT, ...KEY, scope: null } }],
    ['what is unknown in JSON may be anything', { json: { ...GRANT, ...KEY, other: { a: [1] } } }],
    ['a charset', typed('application/x-www-form-urlencoded; charset=UTF-8', FORM)],
    [
      'another charset, which a form does not have',
      typed('application/x-www-form-urlencoded; charset=ISO-8859-1', FORM),
    ],
    ['the type in any case', typed('Application/X-WWW-Form-Urlencoded', FORM)],
  ];
  for (const [why, options, query = ''] of accepted) {
    it(why, async () => {
      const reply = await api.request('POST', `/auth/token${query}`, options);
      expect(reply.status, reply.text).to.equal(200);
    });
  }

  it('Host, X-Forwarded-Host and X-Forwarded-For injection into issuer and links', async () => {
    const auth = { client_credentials: { token_format: 'jwt' } };
    await api.put('/Client/jwt', { secret: SECRET, grant_types: ['client_credentials'], auth });
    const headers = {
      host: 'evil.example',
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'https',
      'x-forwarded-for': '6.6.6.6',
      forwarded: 'host=evil.example;for=6.6.6.6',
    };
    const reply = await api.token({ ...GRANT, client_id: 'jwt', client_secret: SECRET }, { headers });
    const claims = Buffer.from(reply.string('access_token').split('.')[1] ?? '', 'base64url').toString();
    expect(claims).to.include(`"iss":"${api.issuer}"`).and.not.include('evil');
    const [session] = await api.found('/Session?client=Client/jwt');
    expect(JSON.stringify(session)).to.not.match(/evil|6\.6\.6\.6/);
    for (const document of ['oauth-authorization-server', 'smart-configuration', 'openid-configuration']) {
      expect((await api.request('GET', `/.well-known/${document}`, { headers })).text).to.not.include('evil');
    }
  });
});
