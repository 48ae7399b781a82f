import { expect } from 'chai';
import { describe, it } from 'mocha';
import { compilePolicy, policyIssues } from '../../auth/policies/compile.ts';
import { Decimal, type JsonObject } from '../../resources/json/value.ts';
import { createRegistry } from '../../resources/registry.ts';

const REQUEST: JsonObject = {
  'request-method': 'get',
  uri: '/Patient/p1',
  params: { 'resource/type': 'Patient', 'resource/id': 'p1', count: '10' },
  user: { id: 'u1', data: { org: 'o1', patient: 'p1' }, roles: [{ value: 'doctor' }, { value: 'nurse' }] },
  body: { weight: new Decimal('2.30'), tags: ['a', 'b'], note: '', list: [] },
};

const CONTEXT = { registry: createRegistry(), base: 'https://ward.example', clock: () => 0 };

const decide = (policy: JsonObject, request: JsonObject = REQUEST) =>
  compilePolicy(policy, CONTEXT).decide(() => request);

/** Says no to a text that takes an engine that backtracks seconds: one more letter is twice the work. */
function expectLinear(policy: JsonObject): void {
  const started = process.cpuUsage();
  expect(decide(policy, { uri: `${'a'.repeat(27)}!` })).to.equal(false);
  expect(process.cpuUsage(started).user, 'microseconds').to.be.below(1_000_000);
}

describe('policy engine allow', () => {
  it('says yes', () => expect(decide({ engine: 'allow' }, {})).to.equal(true));
});

describe('policy engine matcho', () => {
  const rows: [why: string, pattern: JsonObject, expected: boolean][] = [
    ['a value', { 'request-method': 'get' }, true],
    ['another value', { 'request-method': 'post' }, false],
    ['every key', { 'request-method': 'get', uri: '/Other' }, false],
    ['a nested value', { user: { data: { org: 'o1' } } }, true],
    ['a missing key', { client: { id: 'c' } }, false],
    ['a regular expression on the whole', { uri: '#/Patient/.+' }, true],
    ['a regular expression on a part only', { uri: '#/Patient' }, false],
    ['a regular expression on what is no string', { user: '#.*' }, false],
    ['a path', { params: { 'resource/id': '.user.data.patient' } }, true],
    ['a path to something else', { params: { 'resource/id': '.user.data.org' } }, false],
    ['a path that finds nothing', { params: { 'resource/id': '.user.data.nothing' } }, false],
    ['nothing against a path that finds nothing', { absent: '.user.data.nothing' }, false],
    ['a path through a list', { user: { roles: [{ value: '.user.roles.0.value' }] } }, true],
    ['a path into a prototype', { 'request-method': '.constructor.name' }, false],
    ['a key of a prototype', { constructor: 'present?' }, false],
    ['present?', { user: { id: 'present?' } }, true],
    ['present? of nothing', { client: 'present?' }, false],
    ['nil? of nothing', { client: 'nil?' }, true],
    ['not-blank? of an empty string', { body: { note: 'not-blank?' } }, false],
    ['the first of a list', { user: { roles: [{ value: 'doctor' }] } }, true],
    ['a list in another order', { user: { roles: [{ value: 'nurse' }] } }, false],
    ['$contains', { user: { roles: { $contains: { value: 'nurse' } } } }, true],
    ['$contains of what is not there', { user: { roles: { $contains: { value: 'boss' } } } }, false],
    ['$every', { user: { roles: { $every: { value: '#doctor|nurse' } } } }, true],
    ['$every of an empty list', { body: { list: { $every: 'present?' } } }, false],
    ['$enum', { 'request-method': { $enum: ['get', 'head'] } }, true],
    ['$enum without the value', { 'request-method': { $enum: ['post'] } }, false],
    ['$one-of', { uri: { '$one-of': ['#/Practitioner.*', '#/Patient.*'] } }, true],
    ['$not', { 'request-method': { $not: 'delete' } }, true],
    ['$not of what is not there', { client: { $not: { id: 'c' } } }, false],
    ['$not of what is not there, twice', { client: { $not: { $not: { id: 'c' } } } }, false],
    ['$not of a path that finds nothing', { uri: { $not: '.client.id' } }, false],
    ['$not present?', { client: { $not: 'present?' } }, true],
    ['$not of a member further in', { user: { email: { $not: 'a@b.example' } } }, true],
    ['digits of a number', { body: { weight: new Decimal('2.30') } }, true],
    ['other digits of a number', { body: { weight: 2.3 } }, false],
  ];
  for (const [why, matcho, expected] of rows) {
    it(`${why}: ${expected ? 'yes' : 'no'}`, () => expect(decide({ engine: 'matcho', matcho })).to.equal(expected));
  }

  it('ReDoS in patterns of policies: matching is linear, and a text too long to try is no, even negated', () => {
    const policy = { engine: 'matcho', matcho: { uri: '#(a+)+$' } };
    expectLinear(policy);
    expect(decide(policy, { uri: `${'a'.repeat(16_000)}!` })).to.equal(false);
    const long = { uri: 'a'.repeat(20_000) };
    expect(decide({ engine: 'matcho', matcho: { uri: { $not: '#b' } } }, long)).to.equal(false);
  });
});

describe('policy engine json-schema', () => {
  const code = { pattern: '^own$' };
  const several: [why: string, code: JsonObject, expected: boolean][] = [
    ['a pattern', code, false],
    ['a pattern in a part', { allOf: [{ anyOf: [code] }] }, false],
    ['a pattern that is negated', { not: { type: 'string', pattern: '^other$' } }, false],
    ['a pattern of each', { items: code }, false],
    ['a pattern of any', { contains: code }, true],
    ['a pattern of one, and of each of several', { ...code, items: { pattern: '^o' } }, true],
  ];
  for (const [why, schema, expected] of several) {
    it(`${why}, of a parameter that repeats: ${expected ? 'yes' : 'no'}`, () => {
      const request = { params: { code: ['own', 'other'] } };
      const within = (keyword: string, value: JsonObject) => {
        const params = { required: ['code'], [keyword]: value };
        return decide({ engine: 'json-schema', schema: { required: ['params'], properties: { params } } }, request);
      };
      expect(within('properties', { code: schema })).to.equal(expected);
      expect(within('additionalProperties', schema)).to.equal(expected);
      expect(within('patternProperties', { '^c': schema })).to.equal(expected);
    });
  }

  const rows: [why: string, schema: JsonObject, expected: boolean][] = [
    ['a constant', { properties: { 'request-method': { const: 'get' } }, required: ['request-method'] }, true],
    ['another constant', { properties: { 'request-method': { const: 'post' } } }, false],
    ['a pattern', { properties: { uri: { type: 'string', pattern: '^/Patient/' } } }, true],
    [
      'a second pattern',
      { properties: { uri: { pattern: '^/Patient/' }, 'request-method': { pattern: '^get$' } } },
      true,
    ],
    [
      'a second pattern that does not match',
      { properties: { uri: { pattern: '.' }, 'request-method': { pattern: '^post$' } } },
      false,
    ],
    [
      'a second pattern, of names',
      { properties: { uri: { pattern: '.' }, user: { patternProperties: { '^id$': { const: 'u1' } } } } },
      true,
    ],
    [
      'a second pattern, for names',
      { properties: { uri: { pattern: '.' }, user: { propertyNames: { pattern: '^id$' } } } },
      false,
    ],
    ['a required member', { required: ['client'] }, false],
    ['a member of the prototype', { required: ['constructor'] }, false],
    ['an empty string counts as absent', { properties: { body: { required: ['note'] } } }, false],
    ['an empty list counts as absent', { properties: { body: { required: ['list'] } } }, false],
    ['a number', { properties: { body: { properties: { weight: { type: 'number', maximum: 2.5 } } } } }, true],
    ['an empty schema within', { not: {} }, false],
    ['uniqueItems', { properties: { user: { properties: { roles: { uniqueItems: true } } } } }, true],
  ];
  for (const [why, schema, expected] of rows) {
    it(`${why}: ${expected ? 'yes' : 'no'}`, () =>
      expect(decide({ engine: 'json-schema', schema })).to.equal(expected));
  }

  it('uniqueItems compares by value, whatever the order of members', () => {
    const schema = { properties: { body: { uniqueItems: true } } };
    const twice = {
      body: [
        { a: 1, b: 2 },
        { b: 2, a: 1 },
      ],
    };
    expect(decide({ engine: 'json-schema', schema }, twice)).to.equal(false);
    expect(decide({ engine: 'json-schema', schema }, { body: [{ a: 1 }, ['a', 1]] })).to.equal(true);
  });

  it('ReDoS in patterns of policies: a schema pattern is linear too', () => {
    const policy = { engine: 'json-schema', schema: { properties: { uri: { pattern: '^(a+)+$' } } } };
    expectLinear(policy);
    expect(decide(policy, { uri: `${'a'.repeat(5_000)}!` })).to.equal(false);
  });
});

describe('policy engine complex', () => {
  const yes = { engine: 'allow' };
  const no = { engine: 'matcho', matcho: { uri: '/nowhere' } };
  const rows: [JsonObject, boolean][] = [
    [{ and: [yes, yes] }, true],
    [{ and: [yes, no] }, false],
    [{ or: [no, yes] }, true],
    [{ or: [no, no] }, false],
    [{ or: [no, { engine: 'complex', and: [yes, { engine: 'complex', or: [yes, no] }] }] }, true],
  ];
  for (const [parts, expected] of rows) {
    it(`${JSON.stringify(parts)}: ${expected ? 'yes' : 'no'}`, () => {
      expect(decide({ engine: 'complex', ...parts })).to.equal(expected);
    });
  }
});

describe('a policy that fails on a request', () => {
  it('says no, and is reported once', () => {
    const reports: string[] = [];
    const { decide } = compilePolicy({ engine: 'matcho', matcho: { uri: '/a' } }, CONTEXT, (problem) =>
      reports.push(problem),
    );
    const failing = () => {
      throw new RangeError('Maximum call stack size exceeded');
    };
    expect([decide(failing), decide(failing), decide(() => ({ uri: '/a' }))]).to.deep.equal([false, false, true]);
    expect(reports).to.have.length(1);
    expect(reports[0]).to.include('RangeError');
  });
});

describe('policies that are refused when they are written', () => {
  const nested = (depth: number): JsonObject =>
    depth === 0 ? { engine: 'allow' } : { engine: 'complex', and: [nested(depth - 1)] };
  const rows: [why: string, policy: JsonObject, place: string][] = [
    ['no engine', {}, 'AccessPolicy.engine'],
    ['an unknown engine', { engine: 'sql' }, 'AccessPolicy.engine'],
    ['an engine of the prototype', { engine: 'constructor' }, 'AccessPolicy.engine'],
    ['criteria beside another engine', { engine: 'allow', criteria: 'gender=female' }, 'AccessPolicy.criteria'],
    ['an empty link', { engine: 'allow', link: [] }, 'AccessPolicy.link'],
    ['a link to nothing', { engine: 'allow', link: [{}] }, 'AccessPolicy.link[0]'],
    ['a link to another type', { engine: 'allow', link: [{ reference: 'Patient/1' }] }, 'AccessPolicy.link[0]'],
    [
      'an unknown operation',
      { engine: 'allow', link: [{ reference: 'Operation/Patient.all' }] },
      'AccessPolicy.link[0]',
    ],
    ['an empty and', { engine: 'complex', and: [] }, 'AccessPolicy.and'],
    ['an empty or', { engine: 'complex', or: [] }, 'AccessPolicy.or'],
    ['neither and nor or', { engine: 'complex' }, 'AccessPolicy'],
    ['both and and or', { engine: 'complex', and: [{ engine: 'allow' }], or: [{ engine: 'allow' }] }, 'AccessPolicy'],
    ['a bad part', { engine: 'complex', or: [{ engine: 'allow' }, {}] }, 'AccessPolicy.or[1].engine'],
    ['parts nested without end', nested(11), `AccessPolicy${'.and[0]'.repeat(10)}`],
    ['no pattern', { engine: 'matcho' }, 'AccessPolicy.matcho'],
    ['an empty pattern', { engine: 'matcho', matcho: {} }, 'AccessPolicy.matcho'],
    ['an empty pattern within', { engine: 'matcho', matcho: { user: {} } }, 'AccessPolicy.matcho.user'],
    ['an empty list within', { engine: 'matcho', matcho: { user: [] } }, 'AccessPolicy.matcho.user'],
    ['a bad expression', { engine: 'matcho', matcho: { uri: '#(' } }, 'AccessPolicy.matcho.uri'],
    ['an expression that is not linear', { engine: 'matcho', matcho: { uri: '#(?=a)b' } }, 'AccessPolicy.matcho.uri'],
    ['a bad path', { engine: 'matcho', matcho: { uri: '.user..id' } }, 'AccessPolicy.matcho.uri'],
    ['an unknown directive', { engine: 'matcho', matcho: { uri: { $regex: 'a' } } }, 'AccessPolicy.matcho.uri.$regex'],
    [
      'a directive beside a key',
      { engine: 'matcho', matcho: { uri: { $not: 'a', b: 'c' } } },
      'AccessPolicy.matcho.uri',
    ],
    ['no schema', { engine: 'json-schema' }, 'AccessPolicy.schema'],
    ['an empty schema', { engine: 'json-schema', schema: {} }, 'AccessPolicy.schema'],
    ['a misspelt keyword', { engine: 'json-schema', schema: { propertes: {} } }, 'AccessPolicy.schema'],
    [
      'a schema from elsewhere',
      { engine: 'json-schema', schema: { $ref: 'https://a.example' } },
      'AccessPolicy.schema',
    ],
    [
      'an asynchronous schema',
      { engine: 'json-schema', schema: { $async: true, type: 'object' } },
      'AccessPolicy.schema',
    ],
    [
      'a bad pattern',
      { engine: 'json-schema', schema: { properties: { uri: { pattern: '(' } } } },
      'AccessPolicy.schema',
    ],
  ];
  for (const [why, policy, place] of rows) {
    it(why, () => {
      const [issue, ...more] = policyIssues(policy, CONTEXT);
      expect(more).to.deep.equal([]);
      expect(issue).to.deep.include({ severity: 'error', code: 'business-rule', expression: [place] });
    });
  }
});

describe('policies that were written before what their engine passes over was refused', () => {
  const rows: [policy: JsonObject, expected: boolean][] = [
    [{ engine: 'allow', matcho: { uri: '/nowhere' } }, true],
    [{ engine: 'matcho', matcho: { uri: '/nowhere' }, or: [{ engine: 'allow' }] }, false],
  ];
  for (const [policy, expected] of rows) {
    it(`${JSON.stringify(policy)} still says ${expected ? 'yes' : 'no'}`, () => {
      expect(policyIssues(policy, CONTEXT)).to.have.length(1);
      expect(decide(policy)).to.equal(expected);
    });
  }
});

describe('links of policies', () => {
  it('both styles are one, and principals stand apart from operations', () => {
    const { principals, operations } = compilePolicy(
      {
        engine: 'allow',
        link: [
          { resourceType: 'Client', id: 'c' },
          { reference: 'Role/doctor' },
          { reference: 'Operation/Patient.search' },
        ],
      },
      CONTEXT,
    );
    expect([...(principals ?? [])]).to.deep.equal(['Client/c', 'Role/doctor']);
    expect([...(operations ?? [])]).to.deep.equal(['Patient.search']);
  });

  it('without a link a policy judges everyone', () => {
    expect(compilePolicy({ engine: 'allow' }, CONTEXT)).to.include({ principals: undefined, operations: undefined });
  });
});
