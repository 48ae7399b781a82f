/** A mistake in a policy must not open a door, and must not close those that other policies open. */
import { expect } from 'chai';
import { after, afterEach, before, describe, it } from 'mocha';
import type { Reply } from '../../harness/http.ts';
import { asRoot } from '../../harness/server.ts';
import { type Api, startApi } from './api.ts';

const schema = (json: object) => ({ engine: 'json-schema', schema: json });
const matcho = (pattern: object) => ({ engine: 'matcho', matcho: pattern });

const ENDLESS: [why: string, schema: object][] = [
  ['to itself at once', { $ref: '#' }],
  ['to itself by allOf', { allOf: [{ $ref: '#' }] }],
  ['to itself by anyOf', { required: ['user'], anyOf: [{ required: ['jwt'] }, { $ref: '#' }] }],
  ['to itself by not', { required: ['user'], not: { $ref: '#' } }],
  ['to itself by if', { if: { $ref: '#' }, else: { required: ['user'] } }],
  ['to itself by dependencies', { dependencies: { user: { $ref: '#' } } }],
  [
    'in a circle',
    {
      $ref: '#/definitions/a',
      definitions: { a: { oneOf: [{ $ref: '#/definitions/b' }] }, b: { allOf: [{ $ref: '#/definitions/a' }] } },
    },
  ],
  ['to itself inside a member', { required: ['user'], properties: { user: { $ref: '#/properties/user' } } }],
  [
    'to what has a name of its own',
    {
      $ref: '#/definitions/a',
      definitions: { a: { $id: 'http://a.example/', allOf: [{ $ref: '#/allOf/0' }], required: ['user'] } },
    },
  ],
];

const SILENT: [why: string, policy: object][] = [
  ['a description alone', schema({ description: 'x' })],
  ['properties of nothing', schema({ properties: {} })],
  ['allOf nothing', schema({ allOf: [{}] })],
  ['anyOf with nothing among it', schema({ anyOf: [{ required: ['user'] }, {}] })],
  ['true under another name', schema({ $ref: '#/definitions/all', definitions: { all: true } })],
  ['an object', schema({ type: 'object' })],
  ['what every request has', schema({ type: 'object', required: ['request-method', 'uri'] })],
  ['members with nothing in them', schema({ properties: { uri: {}, operation: { title: 'x' } } })],
  ['members of members', schema({ properties: { operation: { properties: { id: {} } } } })],
  ['nothing refused', schema({ not: false })],
  ['nothing refused twice', schema({ not: { not: {} } })],
  ['a rule for texts', schema({ pattern: '^/Patient', minLength: 3 })],
  ['a rule for lists', schema({ items: { required: ['user'] } })],
  ['a condition without consequence', schema({ if: { required: ['user'] } })],
  ['a number of members', schema({ minProperties: 1 })],
  ['names of members', schema({ propertyNames: { minLength: 1 } })],
  ['members by pattern', schema({ patternProperties: { '^user$': { required: ['id'] } } })],
  ['an empty pattern', matcho({})],
  ['an empty pattern within', matcho({ params: {} })],
  ['an empty pattern further within', matcho({ user: { data: { org: {} } } })],
  ['an empty pattern negated', matcho({ resource: { $not: {} } })],
  ['an empty pattern among others', matcho({ uri: { '$one-of': ['/a', {}] } })],
  ['one of a complex policy', { engine: 'complex', or: [matcho({ uri: '/a' }), schema({ description: 'x' })] }],
  ['all of a complex policy', { engine: 'complex', and: [{ engine: 'complex', or: [schema({ allOf: [{}] })] }] }],
];

const uri = { uri: '#/Patient.*' };
const rows = { resource: 'Patient', interaction: ['read'], criteria: 'gender=female' };

const UNREAD: [place: string, policy: object, remedy: string][] = [
  ['matcho', { engine: 'allow', matcho: uri }, 'the engine matcho'],
  ['schema', { engine: 'allow', schema: { required: ['user'] } }, 'the engine json-schema'],
  ['and', { engine: 'allow', and: [matcho(uri)] }, 'the engine complex'],
  ['or', { ...matcho(uri), or: [matcho(uri)] }, 'the engine complex'],
  ['resource', { ...matcho(uri), resource: 'Patient' }, 'the engine criteria'],
  ['interaction', { ...matcho(uri), interaction: ['read'] }, 'the engine criteria'],
  ['criteria', { ...matcho(uri), criteria: 'gender=female' }, 'the engine criteria'],
  ['matcho', { ...schema({ required: ['user'] }), matcho: uri }, 'the engine matcho'],
  ['matcho', { engine: 'complex', and: [matcho(uri)], matcho: uri }, 'the engine matcho'],
  ['matcho', { engine: 'criteria', ...rows, matcho: uri }, 'the engine matcho'],
  ['or[0].matcho', { engine: 'complex', or: [{ engine: 'allow', matcho: uri }] }, 'the engine matcho'],
  ['or[0].link', { engine: 'complex', or: [{ engine: 'allow', link: [{ reference: 'User/u' }] }] }, 'omit it'],
];

const many = (count: number, item: (index: number) => string) => Array.from({ length: count }, (_, at) => item(at));
const openChain = 'part-of.part-of.part-of.performer.identifier';

/** What nobody writes by hand, and would keep a server from everything else to compile, or to try. */
const LARGE: [why: string, policy: object][] = [
  ['a pattern that is short and compiles to very much', matcho({ uri: `#${'(a{0,30}b{0,30}){30}'.repeat(40)}` })],
  ['more than it may have', matcho({ uri: { $enum: many(4000, (at) => `/Patient/${at}`) } })],
  [
    'criteria that are understood for very many types',
    {
      engine: 'complex',
      or: many(90, (at) => `${openChain}=a${at}`).map((criteria) => {
        return { engine: 'criteria', resource: 'MedicationStatement', criteria };
      }),
    },
  ],
];

describe('a mistake in a policy', () => {
  let api: Api;
  before(async () => {
    api = await startApi();
  });
  after(() => api.stop());
  afterEach(() => api.remove('/AccessPolicy/bad'));

  const refused = async (policy: object): Promise<Reply> => {
    const reply = await api.request('PUT', '/AccessPolicy/bad', { as: asRoot, json: policy });
    expect(`${reply.status} ${reply.at('issue.0.code')}`, reply.text).to.equal('422 business-rule');
    expect(reply.string('issue.0.expression.0')).to.match(/^AccessPolicy(?:\.|$)/);
    expect((await api.request('GET', '/Patient')).status).to.equal(401);
    expect((await api.request('GET', '/Patient', { as: asRoot })).status).to.equal(200);
    return reply;
  };

  for (const [why, json] of ENDLESS) it(`endless: 422 for a schema that refers ${why}`, () => refused(schema(json)));

  it('endless: 422 for a schema whose parts multiply', () => {
    const level = (at: number) => ({
      allOf: [{ $ref: `#/definitions/d${at + 1}` }, { $ref: `#/definitions/d${at + 1}` }],
    });
    const levels = Array.from({ length: 40 }, (_, at) => [`d${at}`, level(at)]);
    const definitions = { ...Object.fromEntries(levels), d40: { required: ['user'] } };
    return refused(schema({ $ref: '#/definitions/d0', definitions }));
  });

  for (const [why, policy] of LARGE)
    it(`a policy that takes too long to compile: 422 for ${why}`, () => refused(policy));

  for (const [why, policy] of SILENT) it(`silent: 422 for ${why}`, () => refused(policy));

  for (const [place, policy, remedy] of UNREAD) {
    it(`unread: 422 for ${place} in ${JSON.stringify(policy)}`, async () => {
      const reply = await refused(policy);
      expect(reply.at('issue.0.expression.0')).to.equal(`AccessPolicy.${place}`);
      expect(reply.string('issue.0.diagnostics')).to.include(remedy);
    });
  }

  it('a schema that refers to itself further in is none', async () => {
    const node = {
      type: 'object',
      properties: { part: { $ref: '#/definitions/node' }, name: {} },
      additionalProperties: false,
    };
    const json = { required: ['body'], properties: { body: { $ref: '#/definitions/node' } }, definitions: { node } };
    await api.put('/AccessPolicy/recursive', schema(json));
    const sent = async (body: object) => (await api.request('POST', '/Patient', { json: body })).status;
    expect(await sent({ part: { part: { name: 'x', other: 1 } } })).to.equal(401);
    expect(await sent({ part: { part: { name: 'x' } } })).to.not.equal(401);
    await api.remove('/AccessPolicy/recursive');
  });
});
