/** The server's own types, which are declared in the same format and checked by the same validator. */
import { expect } from 'chai';
import { describe, it } from 'mocha';
import type { JsonObject } from '../../resources/json/value.ts';
import { issuesOf, type Row, rows } from './check.ts';

const client = (elements: JsonObject) => ({ resourceType: 'Client', ...elements });
const user = (elements: JsonObject) => ({ resourceType: 'User', ...elements });
const policy = (elements: JsonObject) => ({ resourceType: 'AccessPolicy', engine: 'allow', ...elements });
const session = (elements: JsonObject) => ({ resourceType: 'Session', ...elements });

describe('validation: Client', () => {
  const table: Row[] = [
    ['as small as can be', client({ secret: 'verysecret', grant_types: ['client_credentials'] })],
    [
      'every attribute of a grant',
      client({
        auth: {
          client_credentials: {
            token_format: 'jwt',
            access_token_expiration: 600,
            refresh_token: true,
            refresh_token_expiration: 86400,
            audience: ['https://a.example'],
            secret_required: false,
          },
        },
      }),
    ],
    ['an unknown grant', client({ grant_types: ['implicit'] }), ['code-invalid', 'Client.grant_types[0]']],
    ['one grant, not a list', client({ grant_types: 'password' }), ['structure', 'Client.grant_types']],
    [
      'an unknown format',
      client({ auth: { password: { token_format: 'saml' } } }),
      ['code-invalid', 'Client.auth.password.token_format'],
    ],
    [
      'an expiration of none',
      client({ auth: { password: { access_token_expiration: 0 } } }),
      ['value', 'Client.auth.password.access_token_expiration'],
    ],
    [
      'an expiration of a century',
      client({ auth: { password: { access_token_expiration: 3_153_600_000 } } }),
      ['value', 'Client.auth.password.access_token_expiration'],
    ],
    [
      'an expiration of half a lifetime',
      client({ auth: { password: { refresh_token_expiration: 999_999_999 } } }),
      ['value', 'Client.auth.password.refresh_token_expiration'],
    ],
    ['a grant that has no attributes', client({ auth: { implicit: {} } }), ['structure', 'Client.auth.implicit']],
    [
      'an extension',
      client({ extension: [{ url: 'http://a.example', valueCode: 'a' }] }),
      ['structure', 'Client.extension'],
    ],
    ['a secret that is removed', client({ secret: null })],
    ['a secret that is empty', client({ secret: '' }), ['value', 'Client.secret']],
    ['a secret that YAML read as a number', client({ secret: 12345 }), ['value', 'Client.secret']],
    ['a secret that would keep a hasher busy', client({ secret: 'a'.repeat(1025) }), ['value', 'Client.secret']],
    ['details of any form', client({ details: { a: [null, {}, [], 'b', 1.5] } })],
    ['details that are no object', client({ details: 'a' }), ['structure', 'Client.details']],
    ['details with control characters', client({ details: { a: 'b\u0000' } }), ['value', 'Client.details']],
  ];
  rows(table);

  it('never repeats a secret', () => {
    const text = JSON.stringify(issuesOf(client({ secret: { hush: 'hush' }, jwks: 'hush', name: ['hush'] })));
    expect(text).not.to.contain('hush');
  });
});

describe('validation: User', () => {
  const table: Row[] = [
    [
      'a whole one',
      user({
        userName: 'a',
        email: 'a@b.example',
        password: 'c',
        name: { givenName: 'd' },
        inactive: false,
        roles: [{ value: 'doctor' }],
        fhirUser: { reference: 'Patient/a' },
        data: { a: 1 },
      }),
    ],
    ['a FHIR user in the other style', user({ fhirUser: { resourceType: 'Practitioner', id: 'a' } })],
    [
      'a role without a name',
      user({ roles: [{}] }),
      ['structure', 'User.roles[0]'],
      ['required', 'User.roles[0].value'],
    ],
    ['a password that is removed', user({ password: null })],
    ['null elsewhere', user({ email: null }), ['value', 'User.email']],
    ['two passwords', user({ password: ['a', 'b'] }), ['value', 'User.password']],
  ];
  rows(table);
});

describe('validation: Session', () => {
  const table: Row[] = [
    [
      'both styles of reference',
      session({ client: { reference: 'Client/a' }, user: { resourceType: 'User', id: 'b' } }),
    ],
    ['another type', session({ client: { reference: 'User/a' } }), ['value', 'Session.client.reference']],
    [
      'another type in the other style',
      session({ user: { resourceType: 'Client', id: 'a' } }),
      ['value', 'Session.user.resourceType'],
    ],
    ['half a reference', session({ user: { id: 'a', display: 'b' } }), ['invariant', 'Session.user']],
    ['a moment', session({ start: '2024-01-01T00:00:00.000Z', exp: '2024-01-01T01:00:00Z' })],
    ['a day', session({ start: '2024-01-01' }), ['value', 'Session.start']],
  ];
  rows(table);
});

describe('validation: AccessPolicy', () => {
  const table: Row[] = [
    ['for everyone', policy({})],
    ['for a client', policy({ link: [{ id: 'api-client', resourceType: 'Client' }] })],
    ['for a client, by reference', policy({ link: [{ reference: 'Client/api-client' }] })],
    [
      'for a role and an operation',
      policy({
        link: [
          { resourceType: 'Role', id: 'doctor' },
          { resourceType: 'Operation', id: 'Patient.search' },
        ],
      }),
    ],
    ['an empty list of links', policy({ link: [] }), ['structure', 'AccessPolicy.link']],
    ['a link to nothing', policy({ link: [{ display: 'a' }] }), ['invariant', 'AccessPolicy.link[0]']],
    [
      'a link to another type',
      policy({ link: [{ resourceType: 'Patient', id: 'a' }] }),
      ['value', 'AccessPolicy.link[0].resourceType'],
    ],
    [
      'a link that is a path',
      policy({ link: [{ reference: 'Client/../a' }] }),
      ['value', 'AccessPolicy.link[0].reference'],
    ],
    ['no engine', { resourceType: 'AccessPolicy' }, ['required', 'AccessPolicy.engine']],
    ['a pattern', policy({ engine: 'matcho', matcho: { uri: '#/Patient.*', user: { $present: true } } })],
    [
      'nested engines',
      policy({ engine: 'complex', and: [{ engine: 'allow' }, { engine: 'complex', or: [{ engine: 'allow' }] }] }),
    ],
    [
      'criteria',
      policy({
        engine: 'criteria',
        resource: 'Patient',
        interaction: ['read'],
        criteria: 'organization={{user.data.org}}',
      }),
    ],
  ];
  rows(table);
});
