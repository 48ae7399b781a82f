/** Value sets by filters, which stored CodeSystems answer (https://hl7.org/fhir/R4/valueset.html#compositions). */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import type { Api } from '../auth/http/api.ts';
import type { Identity } from '../harness/http.ts';
import { asRoot } from '../harness/server.ts';
import { ANIMALS, idsOf, startWithAnimals } from './animals.ts';
import { APP, narrowed } from './narrowed.ts';

const filter = (property: string, op: string, value: string) => ({ property, op, value });
const by = (...filters: object[]) => ({ system: ANIMALS, filter: filters });

const FILTERS: [name: string, parts: object[], ids: string][] = [
  ['is-a', [by(filter('concept', 'is-a', 'dog'))], 'dog pup dingo'],
  ['is-a, without what only groups others', [by(filter('concept', 'is-a', 'animal'))], 'dog pup cat dingo'],
  ['is-a, of a code', [by(filter('code', 'is-a', 'wild'))], 'wild wolf dingo'],
  ['descendent-of', [by(filter('concept', 'descendent-of', 'dog'))], 'pup dingo'],
  ['descendent-of, in a circle', [by(filter('concept', 'descendent-of', 'loop'))], 'pool'],
  ['is-not-a', [by(filter('concept', 'is-not-a', 'dog'))], 'cat wild wolf loop pool'],
  ['generalizes', [by(filter('concept', 'generalizes', 'dingo'))], 'dingo dog wild'],
  ['= of the code', [by(filter('concept', '=', 'dog'))], 'dog'],
  ['= of the display', [by(filter('display', '=', 'A dog'))], 'dog'],
  ['= of a whole number', [by(filter('legs', '=', '4'))], 'dog cat'],
  ['= of a decimal', [by(filter('weight', '=', '40.5'))], 'wolf'],
  ['= of a Coding, one of several', [by(filter('eats', '=', 'cat'))], 'dog'],
  ['= of a text with a comma', [by(filter('note', '=', 'a,b'))], 'cat'],
  ['= of what stands right above', [by(filter('under', '=', 'dog'))], 'pup dingo'],
  ['= of what stands right above, by the usual name', [by(filter('parent', '=', 'wild'))], 'wolf dingo'],
  ['= of what stands right below', [by(filter('holds', '=', 'dingo'))], 'dog wild'],
  ['in', [by(filter('concept', 'in', 'dog, wolf,none'))], 'dog wolf'],
  ['in, of a property', [by(filter('legs', 'in', '3,4'))], 'dog pup cat'],
  ['not-in', [by(filter('concept', 'not-in', 'dog,cat,pup'))], 'dingo wild wolf loop pool'],
  ['not-in, where there is no value', [by(filter('legs', 'not-in', '4'))], 'pup dingo wild wolf loop pool'],
  ['exists', [by(filter('legs', 'exists', 'true'))], 'dog pup cat'],
  ['exists, of none', [by(filter('under', 'exists', 'false'))], 'wild'],
  ['all of several', [by(filter('concept', 'is-a', 'dog'), filter('legs', 'exists', 'true'))], 'dog pup'],
  ['any of several parts', [by(filter('legs', '=', '3')), by(filter('concept', '=', 'wolf'))], 'pup wolf'],
  [
    'of one version',
    [{ ...by(filter('concept', 'exists', 'true')), system: 'http://systems.example/versions', version: '2' }],
    'other',
  ],
];

describe('Value sets by filters', () => {
  let api: Api;
  let sets = 0;

  before(async () => {
    api = await startWithAnimals();
  });
  after(() => api.stop());

  const ask = (query: string, as: Identity = asRoot) => api.request('GET', query, { as });
  const ids = async (query: string, as: Identity = asRoot) => idsOf(await ask(query, as));
  const words = (text: string) => text.split(' ');
  /** Stores a value set of some parts and gives the query for its codes. */
  async function within(include: object[], rest: object = {}): Promise<string> {
    sets += 1;
    await api.put(`/ValueSet/s${sets}`, { status: 'active', compose: { include, ...rest } });
    return `/Observation?code:in=ValueSet/s${sets}`;
  }

  for (const [name, parts, expected] of FILTERS) {
    it(`a filter by ${name} finds ${expected}`, async () => {
      expect(await ids(await within(parts))).to.have.members(words(expected));
    });
  }

  it('a filter also excludes, and leaves out what is inactive where the value set does', async () => {
    const all = by(filter('concept', 'exists', 'true'));
    const dogs = by(filter('concept', 'is-a', 'dog'));
    expect(await ids(await within([all], { exclude: [dogs] }))).to.have.members(words('cat wild wolf loop pool'));
    expect(await ids(await within([all], { inactive: false }))).to.have.members(
      words('dog pup cat dingo wild loop pool'),
    );
    expect(await ids((await within([dogs])).replace(':in', ':not-in'))).to.have.members(
      words('animal cat wild wolf loop pool stray other words'),
    );
  });

  const UNREADABLE: [part: object, reason: RegExp][] = [
    [
      by(filter('concept', 'regex', 'd.*')),
      /ValueSet\/s\d+": store the value set with an expansion: filters by regex are/,
    ],
    [by(filter('legs', 'is-a', '4')), /store the value set with an expansion: hierarchies of "legs" are/],
    [by(filter('wings', '=', '2')), /"wings" is not a property of the code system "http:.*animals"/],
    [by(filter('legs', 'exists', 'yes')), /exists must be true or false, not "yes"/],
    [by(filter('concept', 'is-a', 'horse')), /"horse" is not a code of the code system "http:.*animals"/],
    [{ ...by(filter('concept', 'is-a', 'dog')), version: '7' }, /store the code system "http:.*animals\|7" here/],
    [{ ...by(filter('concept', '=', 'dog')), system: 'urn:none' }, /store the code system "urn:none" here/],
    [
      { ...by(filter('concept', '=', 'a')), system: 'http://systems.example/versions' },
      /or name its version in the value set/,
    ],
    [{ ...by(filter('code', 'is-a', 'dog')), system: 'http://systems.example/parts' }, /its meaning is part-of/],
    [{ ...by(filter('concept', 'is-a', 'top')), system: 'http://systems.example/large' }, /use fewer/],
  ];
  it('filters that look through very many concepts are refused, whatever they find', async () => {
    const none = { ...by(filter('concept', '=', 'none')), system: 'http://systems.example/large' };
    const reply = await ask(await within(Array.from({ length: 200 }, () => none)));
    expect([reply.status, reply.at('issue.0.code')], reply.text.slice(0, 500)).to.eql([400, 'invalid']);
    expect(reply.string('issue.0.diagnostics')).to.match(/use value sets with fewer filters, or smaller code systems/);
    expect((await ask(await within([none]))).at('total')).to.equal(0);
  });

  for (const [part, reason] of UNREADABLE) {
    it(`refuses a value set by ${JSON.stringify(part).slice(0, 120)}`, async () => {
      const reply = await ask(await within([part]));
      expect([reply.status, reply.at('issue.0.code')], reply.text).to.eql([400, 'invalid']);
      expect(reply.string('issue.0.diagnostics')).to.match(reason);
    });
  }

  it('leak through filters: code systems are read as the caller would search them', async () => {
    const policy = await narrowed(api);
    const query = await within([by(filter('concept', 'is-a', 'dog'))]);
    await policy('Observation', 'code:missing=false');
    await policy('ValueSet', 'status=active');
    expect((await ask(query, APP)).status).to.equal(403);
    await policy('CodeSystem', '_id=plain');
    const hidden = await ask(query, APP);
    expect(hidden.status, hidden.text).to.equal(400);
    expect(hidden.string('issue.0.diagnostics')).to.match(/animals" here/);
    await policy('CodeSystem', '_id=animals');
    expect(await ids(query, APP)).to.have.members(words('dog pup dingo'));
  });
});
