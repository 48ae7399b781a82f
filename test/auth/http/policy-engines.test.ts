import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { asRoot } from '../../harness/server.ts';
import { type Api, startApi } from './api.ts';

const SECRET = 'app-secret';

/** A schema that tries members of the request by patterns. */
const patterns = (tried: Record<string, string>) => ({
  required: Object.keys(tried),
  properties: Object.fromEntries(Object.entries(tried).map(([name, pattern]) => [name, { pattern }])),
});

describe('engines of policies over HTTP', () => {
  let api: Api;
  let bearer: string;
  before(async () => {
    api = await startApi();
    await api.put('/Client/app', {
      secret: SECRET,
      grant_types: ['password'],
      details: { tier: 'gold' },
      auth: { password: { token_format: 'jwt' } },
    });
    await api.put('/User/ann', {
      password: 'correct-horse',
      data: { patient: 'p1', org: 'o1' },
      roles: [{ value: 'doctor' }],
    });
    await api.put('/Patient/p1', { name: [{ family: 'Smith' }] });
    await api.put('/Patient/p2', { name: [{ family: 'Jones' }] });
    const form = {
      grant_type: 'password',
      client_id: 'app',
      client_secret: SECRET,
      username: 'ann',
      password: 'correct-horse',
      scope: 'a',
    };
    bearer = (await api.granted(form)).string('access_token');
  });
  after(() => api.stop());

  /** Whether each of the requests below passes under a policy: `+` or `-`. */
  const judged = async (policy: object) => {
    await api.put('/AccessPolicy/tried', { link: [{ reference: 'User/ann' }], ...policy });
    const json = { gender: 'female' };
    const replies = [
      await api.request('GET', '/Patient/p1', { as: { bearer } }),
      await api.request('GET', '/Patient/p2', { as: { bearer } }),
      await api.request('GET', '/Patient?family=Smith', { as: { bearer } }),
      await api.request('POST', '/Patient', { as: { bearer }, json }),
      await api.request('GET', '/User/ann', { as: { bearer } }),
    ];
    return replies.map(({ status }) => (status === 403 ? '-' : status < 300 ? '+' : String(status))).join('');
  };

  const rows: [why: string, policy: object, passing: string][] = [
    ['matcho: a method', { engine: 'matcho', matcho: { 'request-method': 'get' } }, '+++-+'],
    ['matcho: a regular expression on the whole uri', { engine: 'matcho', matcho: { uri: '#/Patient/.*' } }, '++---'],
    ['matcho: a regular expression matches no part', { engine: 'matcho', matcho: { uri: '#/Patient' } }, '--++-'],
    [
      'json-schema: a second pattern of a schema',
      { engine: 'json-schema', schema: patterns({ 'request-method': '.', uri: '^/Patient/p1$' }) },
      '+----',
    ],
    [
      'matcho: a path into the user',
      { engine: 'matcho', matcho: { params: { 'resource/id': '.user.data.patient' } } },
      '+----',
    ],
    [
      'matcho: a path that finds nothing never matches',
      { engine: 'matcho', matcho: { params: { 'resource/id': '.user.data.nothing' } } },
      '-----',
    ],
    [
      'matcho: the query',
      { engine: 'matcho', matcho: { params: { family: 'Smith' }, 'query-string': 'family=Smith' } },
      '--+--',
    ],
    ['matcho: the body', { engine: 'matcho', matcho: { body: { gender: 'female' } } }, '---+-'],
    ['matcho: the operation', { engine: 'matcho', matcho: { operation: { id: '#Patient\\.(read|search)' } } }, '+++--'],
    [
      'matcho: the client, the token, the address',
      {
        engine: 'matcho',
        matcho: { client: { details: { tier: 'gold' } }, jwt: { scope: 'a' }, 'remote-addr': '127.0.0.1' },
      },
      '+++++',
    ],
    [
      'matcho: headers without credentials',
      { engine: 'matcho', matcho: { headers: { authorization: 'present?' } } },
      '-----',
    ],
    [
      'json-schema',
      {
        engine: 'json-schema',
        schema: { required: ['request-method'], properties: { 'request-method': { enum: ['post'] } } },
      },
      '---+-',
    ],
    [
      'json-schema: the type that is asked for',
      {
        engine: 'json-schema',
        schema: {
          properties: { params: { properties: { 'resource/type': { const: 'User' } }, required: ['resource/type'] } },
        },
      },
      '----+',
    ],
    [
      'complex and',
      {
        engine: 'complex',
        and: [
          { engine: 'matcho', matcho: { 'request-method': 'get' } },
          { engine: 'matcho', matcho: { params: { 'resource/type': 'Patient' } } },
        ],
      },
      '+++--',
    ],
    [
      'complex or',
      {
        engine: 'complex',
        or: [
          { engine: 'matcho', matcho: { 'request-method': 'post' } },
          { engine: 'matcho', matcho: { params: { 'resource/type': 'User' } } },
        ],
      },
      '---++',
    ],
    [
      'complex of complex',
      {
        engine: 'complex',
        and: [{ engine: 'allow' }, { engine: 'complex', or: [{ engine: 'matcho', matcho: { uri: '/Patient/p2' } }] }],
      },
      '-+---',
    ],
    ['allow', { engine: 'allow' }, '+++++'],
  ];
  for (const [why, policy, passing] of rows) it(why, async () => expect(await judged(policy)).to.equal(passing));

  it('any policy that says yes is enough', async () => {
    await api.put('/AccessPolicy/second', {
      engine: 'matcho',
      matcho: { 'request-method': 'post' },
      link: [{ reference: 'Role/doctor' }],
    });
    expect(await judged({ engine: 'matcho', matcho: { 'request-method': 'get' } })).to.equal('+++++');
    await api.remove('/AccessPolicy/second');
  });

  it('what a query calls resource/id does not pass for the id that is asked for', async () => {
    await api.put('/AccessPolicy/tried', { engine: 'matcho', matcho: { params: { 'resource/id': 'p1' } } });
    const sneaky = await api.request('GET', '/Patient?resource/id=p1', { as: { bearer } });
    expect(sneaky.status).to.equal(403);
    expect((await api.request('GET', '/Patient/p2?resource/id=p1', { as: { bearer } })).status).to.equal(403);
  });

  const bad: [why: string, policy: object][] = [
    ['no engine', {}],
    ['an unknown engine', { engine: 'sql' }],
    ['an engine of a prototype', { engine: 'constructor' }],
    ['an empty link', { engine: 'allow', link: [] }],
    ['a link to nobody', { engine: 'allow', link: [{ display: 'x' }] }],
    ['a link to another type', { engine: 'allow', link: [{ reference: 'Patient/p1' }] }],
    ['a link to an operation that is none', { engine: 'allow', link: [{ reference: 'Operation/Patient.destroy' }] }],
    ['an operation in another case', { engine: 'allow', link: [{ reference: 'Operation/Patient.Read' }] }],
    ['an empty and', { engine: 'complex', and: [] }],
    ['an empty or', { engine: 'complex', or: [] }],
    ['neither and nor or', { engine: 'complex' }],
    ['both', { engine: 'complex', and: [{ engine: 'allow' }], or: [{ engine: 'allow' }] }],
    ['a bad part', { engine: 'complex', and: [{ engine: 'allow' }, { engine: 'nothing' }] }],
    ['an empty pattern', { engine: 'matcho', matcho: {} }],
    ['an empty pattern inside', { engine: 'matcho', matcho: { user: {} } }],
    ['no pattern', { engine: 'matcho' }],
    ['a pattern that is text', { engine: 'matcho', matcho: 'get' }],
    ['a bad regular expression', { engine: 'matcho', matcho: { uri: '#(' } }],
    ['an unknown directive', { engine: 'matcho', matcho: { uri: { $never: 'x' } } }],
    ['an empty schema', { engine: 'json-schema', schema: {} }],
    ['no schema', { engine: 'json-schema' }],
    ['a schema with a mistake', { engine: 'json-schema', schema: { properties: 5 } }],
    ['a schema with an unknown keyword', { engine: 'json-schema', schema: { requierd: ['user'] } }],
    ['a schema from elsewhere', { engine: 'json-schema', schema: { $ref: 'https://evil.example/schema' } }],
  ];
  for (const [why, policy] of bad) {
    it(`a mistake must not open a door: 422 for ${why}`, async () => {
      const reply = await api.request('PUT', '/AccessPolicy/bad', { as: asRoot, json: policy });
      expect(reply.status, reply.text).to.equal(422);
      expect((await api.request('GET', '/AccessPolicy/bad', { as: asRoot })).status).to.equal(404);
    });
  }

  it('ReDoS in patterns of policies: judged in linear time', async () => {
    await api.put('/AccessPolicy/tried', { engine: 'matcho', matcho: { 'query-string': '#(a+)+b' } });
    const reply = await api.request('GET', `/Patient?${'a'.repeat(8000)}`, { as: { bearer } });
    expect(reply.status).to.equal(403);
  });
});
