/**
 * What the standards of OAuth ask of a server, section by section, where no other test says it: docs/standards.md lists
 * the sections that tests name in their titles, and what does not apply.
 */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import type { RequestOptions } from '../../harness/http.ts';
import { type Api, expectOAuthError, type Form, refusal } from './api.ts';
import { challenge, get as getFrom, granted, SECRET, startWithClients } from './standard-clients.ts';

const BASIC = { basic: ['app', SECRET] } as const;

describe('standards of OAuth', () => {
  let api: Api;
  let bearer: string;
  before(async () => {
    api = await startWithClients();
    bearer = (await api.granted({ grant_type: 'client_credentials' }, { as: BASIC })).string('access_token');
  });
  after(() => api.stop());

  const grant = (id: string, more?: Form) => granted(api, id, more);
  const get = (path: string, authorization?: string) => getFrom(api, path, authorization);

  const rows: [title: string, ask: () => Promise<unknown>, expected: unknown][] = [
    [
      'RFC 6749 §2.3: two Authorization headers are more than one method',
      async () => {
        const basic = (secret: string) => `Basic ${Buffer.from(`app:${secret}`).toString('base64')}`;
        const headers = { Authorization: [basic(SECRET), basic('wrong')] };
        return refusal(await api.token({ grant_type: 'client_credentials' }, { headers }));
      },
      '400 invalid_request',
    ],
    [
      'RFC 6749 §2.4: a client that is not registered is refused',
      async () =>
        refusal(await api.token({ grant_type: 'client_credentials', client_id: 'nobody', client_secret: 'x' })),
      '401 invalid_client',
    ],
    [
      'RFC 6749 §3.2: the client MUST use POST',
      async () => refusal(await get('/auth/token?grant_type=client_credentials')),
      '405 invalid_request',
    ],
    [
      'RFC 6749 §3.3: the scope that was given is told',
      async () => (await grant('app', { scope: 'b a b' })).at('scope'),
      'b a',
    ],
    [
      'RFC 6749 §5.2: who tried by the header is told the scheme of the header',
      async () => challenge(await api.token({ grant_type: 'client_credentials' }, { as: { basic: ['app', 'wrong'] } })),
      '401 Basic realm="ward", charset="UTF-8"',
    ],
    [
      'RFC 7009 §2: what is not known is passed over',
      async () => {
        return (await api.request('POST', '/auth/revoke', { as: BASIC, form: { token: 'x', other: 'y' } })).status;
      },
      200,
    ],
    [
      'RFC 7009 §2.1: the token of another client is not revoked',
      async () => {
        const other = { token: bearer, client_id: 'jwt', client_secret: SECRET };
        await api.request('POST', '/auth/revoke', { form: other });
        return api.statusWith(bearer);
      },
      200,
    ],
    [
      'RFC 7662 §2.1: a token is found whatever its hint says',
      async () => {
        const active: unknown[] = [];
        for (const token_type_hint of ['refresh_token', 'access_token', 'other']) {
          const form = { token: bearer, token_type_hint };
          active.push((await api.request('POST', '/auth/introspect', { as: BASIC, form })).at('active'));
        }
        return active;
      },
      [true, true, true],
    ],
    [
      'RFC 7662 §2.2: of what is no token nothing is told but that',
      async () => {
        const { body } = await api.request('POST', '/auth/introspect', { as: BASIC, form: { token: 'x', scope: 'a' } });
        return body;
      },
      { active: false },
    ],
    [
      'RFC 7662 §4: a token that was changed is not active: signatures are checked',
      async () => {
        const [head, claims, signature = ''] = (await grant('jwt')).string('access_token').split('.');
        const form = { client_id: 'jwt', client_secret: SECRET };
        const active: unknown[] = [];
        for (const sign of [signature, `${signature.slice(0, -8)}AAAAAAAA`, '']) {
          const token = `${head}.${claims}.${sign}`;
          active.push((await api.request('POST', '/auth/introspect', { form: { ...form, token } })).at('active'));
        }
        return active;
      },
      [true, false, false],
    ],
    [
      'RFC 7617 §2: credentials without their scheme are taken by the token endpoint alone',
      async () => {
        const headers = { authorization: Buffer.from(`app:${SECRET}`).toString('base64') };
        const ask = (name: string, form: Form) => api.request('POST', `/auth/${name}`, { headers, form });
        const replies = [ask('introspect', { token: bearer }), ask('revoke', { token: bearer })];
        const token = ask('token', { grant_type: 'client_credentials' });
        return (await Promise.all([token, ...replies])).map(({ status }) => status);
      },
      [200, 401, 401],
    ],
    [
      'RFC 7662 §2.3: a wrong secret is 401',
      async () => {
        const form = { token: bearer, client_id: 'app', client_secret: 'wrong' };
        return refusal(await api.request('POST', '/auth/introspect', { form }));
      },
      '401 invalid_client',
    ],
    [
      'RFC 8414 §3, §3.1: the document stands at its path below /.well-known, for whoever asks by GET',
      async () => (await get('/.well-known/oauth-authorization-server')).status,
      200,
    ],
    [
      'RFC 8414 §3.2: it is JSON',
      async () => (await get('/.well-known/oauth-authorization-server')).header('content-type').split(';')[0],
      'application/json',
    ],
    [
      'RFC 8414 §3.3: the issuer is the address that the document is found by',
      async () => (await get('/.well-known/oauth-authorization-server')).at('issuer') === api.issuer,
      true,
    ],
    [
      'RFC 8414 §3.2: claims without a value are left out',
      async () => {
        const { body } = await get('/.well-known/oauth-authorization-server');
        return Object.values(body as object).filter((value) => value === null || value === '' || value.length === 0);
      },
      [],
    ],
    [
      'RFC 8707 §2: a resource has no fragment',
      async () => {
        const form = { grant_type: 'client_credentials', resource: 'https://other.example/#part' };
        return refusal(await api.token(form, { as: BASIC }));
      },
      '400 invalid_target',
    ],
    [
      'RFC 9110 §15.5.6: a 405 says what the address takes',
      async () => {
        const said: string[] = [];
        for (const name of ['token', 'revoke', 'introspect', 'authorize', 'userinfo']) {
          const reply = await api.request('DELETE', `/auth/${name}`);
          said.push(`${reply.status} ${reply.header('allow')}`);
        }
        const keys = await api.request('POST', '/.well-known/jwks.json');
        return [...said, `${keys.status} ${keys.header('allow')}`];
      },
      [...Array(3).fill('405 POST'), ...Array(2).fill('405 GET, HEAD, POST'), '405 GET, HEAD'],
    ],
    [
      'RFC 9110 §15.5.16: a 415 tells the types that are taken, and no other',
      async () => {
        const { status, text } = await api.request('POST', '/auth/token', {
          headers: { 'content-type': 'text/yaml' },
          body: 'grant_type: client_credentials',
        });
        return [status, /yaml/.test(text), text.includes('application/x-www-form-urlencoded')];
      },
      [415, false, true],
    ],
    [
      'RFC 9700 §2.4, RFC 6749 §10.7: the grant password is given to nobody who does not list it',
      async () => refusal(await api.token({ grant_type: 'password', username: 'a', password: 'b' }, { as: BASIC })),
      '400 unauthorized_client',
    ],
    [
      'RFC 9700 §2.5: clients may authenticate by a key of their own',
      async () =>
        (await get('/.well-known/oauth-authorization-server'))
          .list('token_endpoint_auth_methods_supported')
          .includes('private_key_jwt'),
      true,
    ],
    [
      'RFC 9700 §2.6: clients are told by metadata what they may use',
      async () => (await get('/.well-known/oauth-authorization-server')).at('code_challenge_methods_supported'),
      ['S256'],
    ],
  ];
  for (const [title, ask, expected] of rows) it(title, async () => expect(await ask()).to.eql(expected));

  const faults: [why: string, options: RequestOptions, expected: string][] = [
    ['no client', { form: 'token=x' }, '401 invalid_client'],
    ['a wrong secret', { as: { basic: ['app', 'wrong'] }, form: 'token=x' }, '401 invalid_client'],
    ['another scheme', { headers: { authorization: 'Digest x' }, form: 'token=x' }, '401 invalid_client'],
    [
      'two methods at once',
      { as: BASIC, form: `token=x&client_id=app&client_secret=${SECRET}` },
      '400 invalid_request',
    ],
    ['an empty token', { as: BASIC, form: 'token=' }, '400 invalid_request'],
    ['a token twice', { as: BASIC, form: 'token=x&token=x' }, '400 invalid_request'],
    [
      'a body of another type',
      { as: BASIC, body: 'token=x', headers: { 'content-type': 'text/plain' } },
      '415 invalid_request',
    ],
  ];
  for (const [section, name] of [
    ['RFC 7009 §2.2.1', 'revoke'],
    ['RFC 7662 §2.3', 'introspect'],
  ] as const) {
    for (const [why, options, expected] of faults) {
      it(`${section}, RFC 6749 §5.2: /auth/${name} tells of ${why} as the token endpoint would`, async () => {
        expectOAuthError(await api.request('POST', `/auth/${name}`, options), expected);
      });
    }
  }
});
