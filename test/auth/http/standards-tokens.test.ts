/** What the standards ask of bearer tokens and of JWTs among them, section by section, where no other test says it. */
import { expect } from 'chai';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { after, before, describe, it } from 'mocha';
import type { Api, Form } from './api.ts';
import { challenge, get as getFrom, granted, SECRET, startWithClients } from './standard-clients.ts';

describe('standards of tokens', () => {
  let api: Api;
  let bearer: string;
  let jwt: string;
  before(async () => {
    api = await startWithClients();
    bearer = (await api.granted({ grant_type: 'client_credentials' }, { as: { basic: ['app', SECRET] } })).string(
      'access_token',
    );
    jwt = (await grant('jwt')).string('access_token');
  });
  after(() => api.stop());

  const grant = (id: string, more?: Form) => granted(api, id, more);
  const get = (path: string, authorization?: string) => getFrom(api, path, authorization);

  const rows: [title: string, ask: () => Promise<unknown>, expected: unknown][] = [
    [
      'RFC 6749 §7.2, RFC 6750 §3.1: without any authentication no error code is told',
      async () => challenge(await get('/Patient')),
      '401 Bearer realm="ward"',
    ],
    [
      'RFC 6750 §3, §3.1: a scheme that is not served is no authentication, and no error code is told',
      async () => {
        const schemes = ['Digest username="app"', `Token ${bearer}`, bearer];
        return Promise.all(schemes.map(async (each) => challenge(await get('/Patient', each))));
      },
      Array(3).fill('401 Bearer realm="ward"'),
    ],
    [
      'RFC 6750 §2.1: a token in the Authorization header',
      async () => (await get('/Patient', `Bearer ${bearer}`)).status,
      200,
    ],
    [
      'RFC 6750 §2.1, RFC 9110 §11.1: the scheme in any case',
      async () => (await get('/Patient', `bEARER ${bearer}`)).status,
      200,
    ],
    [
      'RFC 6750 §2.2: a token in a form is none',
      async () => (await api.request('POST', '/Patient/_search', { form: { access_token: bearer } })).status,
      401,
    ],
    [
      'RFC 6750 §2.3: a token in the query is none',
      async () => (await get(`/Patient?access_token=${bearer}`)).status,
      401,
    ],
    [
      'RFC 6749 §7, RFC 6750 §3.1: an expired token is told as invalid_token',
      async () => {
        const short = (await grant('app')).string('access_token');
        api.pass(3601);
        const reply = await get('/Patient', `Bearer ${short}`);
        bearer = (await grant('app')).string('access_token');
        jwt = (await grant('jwt')).string('access_token');
        return challenge(reply);
      },
      '401 Bearer realm="ward", error="invalid_token"',
    ],
    [
      'RFC 6749 §7, RFC 6750 §3.1: a scope that does not reach is told as insufficient_scope, with one that does',
      async () => {
        const narrow = (await grant('app', { scope: 'system/Organization.r' })).string('access_token');
        const paths = ['/Patient', '/Patient/x', '/Pa%22,x=%22', '/metrics'];
        return Promise.all(paths.map(async (path) => challenge(await get(path, `Bearer ${narrow}`))));
      },
      [', scope="system/Patient.s"', ', scope="system/Patient.r"', '', ''].map((scope) => {
        return `403 Bearer realm="ward", error="insufficient_scope"${scope}`;
      }),
    ],
    [
      'RFC 6750 §2, §3.1: a token in more than one place is told as invalid_request',
      async () => {
        const authorization = `Bearer ${bearer}`;
        const twice = { headers: { Authorization: [authorization, authorization] } };
        const replies = [await api.request('GET', '/Patient', twice)];
        for (const path of ['/Patient', '/Patient/none', '/auth/userinfo']) {
          replies.push(await get(`${path}?access_token=${bearer}`, authorization));
        }
        return replies.map((reply) => (reply.at('error') ? `${reply.status} ${reply.at('error')}` : challenge(reply)));
      },
      [...Array(3).fill('400 Bearer realm="ward", error="invalid_request"'), '400 invalid_request'],
    ],
    [
      'RFC 6750 §3: every 401 has a challenge with the scheme Bearer and a realm',
      async () => {
        const refused = [await get('/Patient'), await get('/Patient', 'Bearer x'), await get('/auth/userinfo')];
        return refused.map((reply) => challenge(reply).replace(', error="invalid_token"', ''));
      },
      Array(3).fill('401 Bearer realm="ward"'),
    ],
    [
      'RFC 6750 §5.3: a token in a cookie is none',
      async () => (await api.request('GET', '/Patient', { headers: { cookie: `access_token=${bearer}` } })).status,
      401,
    ],
    [
      'RFC 6750 §5.3: a token is good for an hour, where its Client does not say',
      async () => (await grant('app')).at('expires_in'),
      3600,
    ],
    [
      'RFC 9068 §2.1: the type is at+jwt, and the signature asymmetric',
      async () => {
        const { typ, alg } = decodeProtectedHeader(jwt);
        return [typ, alg];
      },
      ['at+jwt', 'ES256'],
    ],
    [
      'RFC 9068 §2.2: iss, exp, aud, sub, client_id, iat and jti stand in each',
      async () =>
        ['iss', 'exp', 'aud', 'sub', 'client_id', 'iat', 'jti'].filter((name) => decodeJwt(jwt)[name] === undefined),
      [],
    ],
    [
      'RFC 9068 §2.2.3: the scope stands in it where there is one',
      async () => decodeJwt((await grant('jwt', { scope: 'a b' })).string('access_token'))['scope'],
      'a b',
    ],
    [
      'RFC 9068 §3: without a resource the audience is the default',
      async () => decodeJwt(jwt).aud === api.issuer,
      true,
    ],
    [
      'RFC 9068 §4: a token that has expired is refused, though its signature is good',
      async () => {
        const short = (await grant('jwt')).string('access_token');
        api.pass(3601);
        const status = await api.statusWith(short, '/auth/userinfo');
        bearer = (await grant('app')).string('access_token');
        jwt = (await grant('jwt')).string('access_token');
        return status;
      },
      401,
    ],
    [
      'RFC 9068 §5: the subject of a client is no user',
      async () => {
        const as = { basic: ['root', 'root-secret-of-the-tests'] } as const;
        return (await api.request('PUT', '/User/jwt', { as, json: {} })).status;
      },
      409,
    ],
    [
      'RFC 9700 §2.3, RFC 6750 §5.2: a token is restricted to its audience and to its scopes',
      async () => {
        const restrictions = [{ audience: 'https://other.example' }, { scope: 'system/Organization.r' }, {}];
        const statuses: number[] = [];
        for (const form of restrictions) {
          statuses.push(await api.statusWith((await grant('app', form)).string('access_token')));
        }
        return statuses;
      },
      [401, 403, 200],
    ],
  ];
  for (const [title, ask, expected] of rows) it(title, async () => expect(await ask()).to.eql(expected));
});
