/** The parts of generated requests: names, values, headers and texts, both valid and hostile. */

/** Names of callers; placeholders for their tokens are replaced when the request is sent (`Callers`). */
export const CALLERS = ['nothing', 'reader', 'narrowed', 'narrowed', 'person', 'person'] as const;
/** Another Session of the user: the one that generated requests may end. */
export const PASSING = 'passing';
export const placeOf = (caller: string) => `{{${caller}}}`;

export const HOSTILE = [
  '',
  ' ',
  'x',
  '0',
  '-1',
  '1e999',
  '99999999999999999999',
  'null',
  'true',
  '[]',
  '{}',
  '__proto__',
  'constructor',
  'toString',
  '..',
  '.',
  '../../etc/passwd',
  "' OR '1'='1",
  "'; DROP TABLE resource; --",
  '%',
  '%00',
  '%zz',
  '%ff',
  '%2f',
  '%0d%0aX-Injected: 1',
  '\\',
  '|',
  '||',
  ',',
  '$',
  ':',
  ';',
  '*',
  '#',
  '&',
  '<script>alert(1)</script>',
  '{{user.id}}',
  'é',
  '\u{10ffff}',
  '\u0000',
  'a'.repeat(65),
  'a'.repeat(3000),
];

export const METHODS = [
  'GET',
  'GET',
  'GET',
  'POST',
  'POST',
  'POST',
  'PUT',
  'PUT',
  'PATCH',
  'DELETE',
  'HEAD',
  'OPTIONS',
];
export const ODD_METHODS = ['TRACE', 'PROPFIND', 'PURGE', 'M-SEARCH', 'CONNECT', 'get', 'FOO', ''];

export const AUTH_PATHS = [
  ...['token', 'token', 'token', 'revoke', 'introspect', 'userinfo', 'authorize', 'logout', 'keys', 'nothing', ''],
];
export const FIXED_PATHS = [
  '/',
  '/Session',
  '/_history',
  '/_search',
  '/$validate',
  '/health',
  '/metrics',
  '/.well-known/jwks.json',
  '/.well-known/smart-configuration',
  '/.well-known/nothing',
  '/auth',
  '/favicon.ico',
];
export const TYPES = [
  'Patient',
  'Patient',
  'Client',
  'User',
  'Session',
  'AccessPolicy',
  'Organization',
  'patient',
  'X',
];
export const IDS = ['f', 'm', 'new', 'root', 'reader', 'ann', 'a', 'nothing', '1', '_history', '_search', '$validate'];

export const PARAMETERS = [
  '_id',
  '_lastUpdated',
  '_sort',
  '_count',
  '_total',
  '_summary',
  '_elements',
  '_include',
  '_revinclude',
  '_include:iterate',
  '_has:Patient:link:name',
  '_has:Patient:organization:gender',
  '_cursor',
  '_format',
  '_pretty',
  '_at',
  '_since',
  'name',
  'name:contains',
  'name:exact',
  'gender',
  'gender:not',
  'birthdate',
  'identifier',
  'organization',
  'organization.name',
  'organization:Organization.partof.name',
  'general-practitioner:Practitioner.name',
  'active',
  'user',
  'client',
  'username',
  'password',
  'secret',
  'grant_type',
  'client_id',
  'client_secret',
  'token',
  'access_token',
  'scope',
  'response_type',
  'redirect_uri',
  'state',
  'code_challenge',
  'code_challenge_method',
  'prompt',
  'max_age',
  'request',
  'nonce',
];
export const VALUES = [
  'f',
  'm',
  'female',
  'male',
  'Smith',
  'Patient/f',
  'Organization/a',
  'ge1970-01-01',
  '1970-01-01T00:00:00Z',
  'eq1970-13-45',
  'accurate',
  'count',
  'true',
  'json',
  'yaml',
  'application/fhir+json',
  'text/html',
  '-_lastUpdated',
  'Patient:organization',
  '*',
  '10',
  '0',
  'http://a|b',
  'a,b\\,c',
  'code',
  'S256',
  'openid launch/patient',
  'https://app.example/callback',
  'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWBuGJSstw-cM',
  'none',
  'spa',
  'app',
];

/** Valid queries, though not permitted for every caller. */
export const QUERIES = [
  'gender=female',
  'gender=male',
  'gender:not=male',
  '_id=f,m',
  'name=fuzz&_sort=-birthdate',
  'birthdate=ge1970&_total=accurate',
  'organization.name=A',
  'organization=Organization/a&_include=Patient:organization',
  '_has:Patient:link:name=x',
  '_revinclude=Patient:organization',
  '_summary=count',
  '_elements=gender&_count=1',
  '_lastUpdated=gt2000-01-01&_format=yaml',
  'identifier=http://a%7Cb',
];

const POINT = {
  x: 'MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4',
  y: '4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM',
};
/** A key set (RFC 7517, appendix A.1), and some broken ones. */
export const JWKS = { keys: [{ kty: 'EC', crv: 'P-256', ...POINT }] };
export const BROKEN_JWKS = [
  { keys: [{ kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA' }] },
  { keys: [{ kty: 'EC', crv: 'P-384', ...POINT }] },
  { keys: [{ kty: 'OKP', crv: 'Ed25519', x: '' }] },
  { keys: [{ kty: 'RSA', n: '_'.repeat(400), e: '' }, null] },
  { keys: {} },
];

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
const ASSERTION = `${part({ alg: 'ES256' })}.${part({ iss: 'keyed', sub: 'keyed' })}.${'A'.repeat(86)}`;
const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/** Valid forms, by endpoint. */
const APP = 'client_id=app&client_secret={{secret}}';
const LOGIN = 'grant_type=password&client_id=spa&username=ann&password={{password}}';
export const FORMS: [endpoint: string, form: string][] = [
  ['token', `grant_type=client_credentials&${APP}`],
  ['token', `grant_type=client_credentials&${APP}&scope=system/Patient.rs&resource=https://b.example`],
  ['token', `grant_type=client_credentials&client_assertion_type=${ASSERTION_TYPE}&client_assertion=${ASSERTION}`],
  ['token', LOGIN],
  ['token', 'grant_type=refresh_token&client_id=spa&refresh_token={{refresh}}'],
  ['token', `grant_type=authorization_code&client_id=spa&code={{passing}}&code_verifier=${'x'.repeat(43)}`],
  ['revoke', 'client_id=spa&token={{passing}}'],
  ['revoke', `${APP}&token={{nothing}}`],
  ['introspect', `${APP}&token={{reader}}`],
  ['introspect', `${APP}&token={{refresh}}`],
  ['userinfo', ''],
  ['authorize', 'interaction=x&username=ann&password=x&answer=sign-in'],
];
export const AUTHORIZE =
  '/auth/authorize?response_type=code&client_id=spa&redirect_uri=https%3A%2F%2Fapp.example%2Fcallback' +
  '&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWBuGJSstw-cM&code_challenge_method=S256&state=x';

const JSON_TYPES = ['application/json', 'application/fhir+json', 'application/json; charset=utf-8'];
export const MEDIA = [
  ...JSON_TYPES,
  'text/yaml',
  'application/x-yaml',
  'application/x-www-form-urlencoded',
  'application/json-patch+json',
  'application/merge-patch+json',
];
export const ODD_MEDIA = ['text/plain', 'multipart/form-data; boundary=x', 'x', '', 'application/json; charset=utf-16'];

export const HEADERS: [name: string, values: string[]][] = [
  ['Accept', ['*/*', 'application/json', 'text/yaml', 'image/png', 'text/html;q=0', ';;;', 'a/b;q=x, */*;q=0.1']],
  ['If-Match', ['W/"1"', '"1"', '*', 'W/""', 'x', 'W/"99999999999999999999"']],
  ['If-None-Match', ['W/"1"', '*', 'x']],
  ['If-Modified-Since', ['Thu, 01 Jan 2099 00:00:00 GMT', 'yesterday', '0']],
  ['If-None-Exist', ['identifier=x', 'gender=female', '', '?', 'colour=red', '_id=f', '%zz']],
  ['Prefer', ['return=minimal', 'return=OperationOutcome', 'handling=lenient', 'return=', 'respond-async']],
  ['X-HTTP-Method-Override', ['DELETE', 'PUT']],
  ['X-Forwarded-Host', ['evil.example']],
  ['X-Forwarded-Proto', ['https']],
  ['X-Request-Id', ['mine', '\u00e9', 'a b', 'x'.repeat(200)]],
  ['Origin', ['https://evil.example', 'null']],
  ['Access-Control-Request-Method', ['DELETE', 'x']],
  ['Cookie', ['ward=x', 'a=b; ward_login=%zz', '=;=;', 'x'.repeat(4000)]],
  ['Content-Encoding', ['gzip', 'deflate', 'br', 'x', 'identity']],
  ['Expect', ['100-continue']],
  ['Range', ['bytes=0-1']],
  ['User-Agent', ['', '\u00ff\u0001', 'x'.repeat(1000)]],
  ['Upgrade', ['h2c', 'websocket']],
];
