/** Requests to the token endpoint and its siblings that cannot be granted: OAuth's errors. */
import type { RequestOptions } from '../harness/http.ts';
import type { Row } from './row.ts';

type Compact = [name: string, options: RequestOptions, status: number, error: string, query?: string];

/** Sent with nothing but what the row says. */
function requests(cause: string, path: string, rows: Compact[]): Row[] {
  return rows.map(([name, options, status, code, query = '']) => {
    return { cause, name, method: 'POST', path: `${path}${query}`, options, status, code };
  });
}

const KEY = 'client_id=app&client_secret=app-secret';
const BASIC = { basic: ['app', 'app-secret'] } as const;
const JSON_KEY = { client_id: 'app', client_secret: 'app-secret' };
const GRANT = 'grant_type=client_credentials';
const text = (body: string, type: string): RequestOptions => ({ body, headers: { 'content-type': type } });
const JWT = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

export const OAUTH: Row[] = [
  ...requests('a grant that is none', '/auth/token', [
    ['no grant_type', { form: KEY }, 400, 'invalid_request'],
    ['an empty one', { form: `grant_type=&${KEY}` }, 400, 'invalid_request'],
    ['an unknown one', { form: `grant_type=magic&${KEY}` }, 400, 'unsupported_grant_type'],
    ['__proto__', { form: `grant_type=__proto__&${KEY}` }, 400, 'unsupported_grant_type'],
    ['constructor', { form: `grant_type=constructor&${KEY}` }, 400, 'unsupported_grant_type'],
    ['in another case', { form: `grant_type=Client_Credentials&${KEY}` }, 400, 'unsupported_grant_type'],
    [
      'one that the client does not have',
      { form: `grant_type=password&username=a&password=b&${KEY}` },
      400,
      'unauthorized_client',
    ],
  ]),
  ...requests('a body that cannot be read', '/auth/token', [
    ['nothing', {}, 400, 'invalid_request'],
    ['broken JSON', text('{"grant_type":', 'application/json'), 400, 'invalid_request'],
    ['a list', { json: [GRANT] }, 400, 'invalid_request'],
    ['null', { json: null }, 400, 'invalid_request'],
    ['a broken escape', { form: `${GRANT}&client_id=%zz` }, 400, 'invalid_request'],
    ['NUL', { form: `${GRANT}&client_id=app%00&client_secret=x` }, 400, 'invalid_request'],
    ['bytes that are not UTF-8', { form: `${GRANT}&client_id=%ff` }, 400, 'invalid_request'],
    ['plain text', text(`${GRANT}&${KEY}`, 'text/plain'), 415, 'invalid_request'],
    [
      'JSON in a form',
      text('{"grant_type":"client_credentials"}', 'application/x-www-form-urlencoded'),
      400,
      'invalid_request',
    ],
  ]),
  ...requests('JSON values that are no text', '/auth/token', [
    ['an object', { json: { grant_type: { a: 1 }, ...JSON_KEY } }, 400, 'invalid_request'],
    ['a list', { json: { grant_type: ['client_credentials'], ...JSON_KEY } }, 400, 'invalid_request'],
    [
      'a client_id that is a number',
      { json: { grant_type: 'client_credentials', ...JSON_KEY, client_id: 5 } },
      400,
      'invalid_request',
    ],
    [
      'a secret that is a list',
      { json: { grant_type: 'client_credentials', ...JSON_KEY, client_secret: ['app-secret'] } },
      400,
      'invalid_request',
    ],
    [
      'a scope that is an object',
      { json: { grant_type: 'client_credentials', ...JSON_KEY, scope: { read: true } } },
      400,
      'invalid_request',
    ],
  ]),
  ...requests('something twice', '/auth/token', [
    ['the grant', { form: `${GRANT}&${GRANT}&${KEY}` }, 400, 'invalid_request'],
    ['the client', { form: `${GRANT}&${KEY}&client_id=app` }, 400, 'invalid_request'],
    ['the secret', { form: `${GRANT}&${KEY}&client_secret=other` }, 400, 'invalid_request'],
    ['the scope', { form: `${GRANT}&${KEY}&scope=a&scope=b` }, 400, 'invalid_request'],
    ['two ways to authenticate', { as: BASIC, form: `${GRANT}&${KEY}` }, 400, 'invalid_request'],
    ['a key twice in JSON', text(`{"grant_type":"x","grant_type":"y"}`, 'application/json'), 400, 'invalid_request'],
  ]),
  ...requests('credentials in the query', '/auth/token', [
    ['the secret', { form: `${GRANT}&client_id=app` }, 400, 'invalid_request', '?client_secret=app-secret'],
    ['a password', { form: `grant_type=password&username=a&${KEY}` }, 400, 'invalid_request', '?password=x'],
    ['a refresh token', { form: `grant_type=refresh_token&${KEY}` }, 400, 'invalid_request', '?refresh_token=x'],
  ]),
  ...requests('a client that is none', '/auth/token', [
    ['no client', { form: GRANT }, 401, 'invalid_client'],
    ['an unknown one', { form: `${GRANT}&client_id=nobody&client_secret=x` }, 401, 'invalid_client'],
    ['a wrong secret', { form: `${GRANT}&client_id=app&client_secret=wrong` }, 401, 'invalid_client'],
    ['no secret', { form: `${GRANT}&client_id=app` }, 401, 'invalid_client'],
    ['an empty secret', { form: `${GRANT}&client_id=app&client_secret=` }, 401, 'invalid_client'],
    ['A by its secret, B by its id', { as: BASIC, form: `${GRANT}&client_id=root` }, 400, 'invalid_request'],
    [
      'an assertion that is none',
      { form: `${GRANT}&client_assertion_type=${JWT}&client_assertion=x` },
      401,
      'invalid_client',
    ],
    [
      'an assertion of another kind',
      { form: `${GRANT}&client_assertion_type=saml&client_assertion=x` },
      400,
      'invalid_request',
    ],
    ['Basic that is none', { headers: { authorization: 'Basic !!!' }, form: GRANT }, 401, 'invalid_client'],
    ['another scheme', { headers: { authorization: 'Digest a=b' }, form: GRANT }, 401, 'invalid_client'],
  ]),
  ...requests('a token that is none', '/auth/token', [
    ['no refresh token', { form: `grant_type=refresh_token&${KEY}` }, 400, 'invalid_request'],
    ['an unknown one', { form: `grant_type=refresh_token&refresh_token=x&${KEY}` }, 400, 'invalid_grant'],
    [
      'a long one',
      { form: `grant_type=refresh_token&refresh_token=${'x'.repeat(9000)}&${KEY}` },
      400,
      'invalid_request',
    ],
    [
      'a JWT without a signature',
      { form: `grant_type=refresh_token&refresh_token=eyJhbGciOiJub25lIn0.e30.&${KEY}` },
      400,
      'invalid_grant',
    ],
  ]),
  ...requests('a scope that is none', '/auth/token', [
    ['a quote', { as: BASIC, form: `${GRANT}&scope=a%22b` }, 400, 'invalid_scope'],
    ['a backslash', { as: BASIC, form: `${GRANT}&scope=a%5Cb` }, 400, 'invalid_scope'],
    ['a line break', { as: BASIC, form: `${GRANT}&scope=a%0D%0Ab` }, 400, 'invalid_scope'],
    ['beyond ASCII', { as: BASIC, form: `${GRANT}&scope=%C3%A9` }, 400, 'invalid_scope'],
  ]),
  ...requests('introspection that is not asked properly', '/auth/introspect', [
    ['no client', { form: 'token=x' }, 401, 'invalid_client'],
    ['no token', { as: BASIC, form: '' }, 400, 'invalid_request'],
    ['JSON list', { as: BASIC, json: [] }, 400, 'invalid_request'],
  ]),
  ...requests('revocation that is not asked properly', '/auth/revoke', [
    ['no client', { form: 'token=x' }, 401, 'invalid_client'],
    ['no token', { as: BASIC, form: '' }, 400, 'invalid_request'],
  ]),
];
