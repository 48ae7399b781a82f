/** Chaining and reverse chaining (FHIR R4 §3.1.1.4.16, §3.1.1.4.17), and the rows that a caller may see. */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { Failure } from '../../resources/errors.ts';
import { runSearch } from '../../resources/search/compile.ts';
import type { Criterion } from '../../resources/search/plan.ts';
import { type Library, openLibrary } from './library.ts';

const TYPES = ['Patient', 'Observation', 'Organization', 'Practitioner'];

const CHAINS: [type: string, query: string, ids: string][] = [
  ['Patient', 'organization.name=acme', 'ana bo'],
  ['Patient', 'organization:Organization.name=acme', 'ana bo'],
  ['Patient', 'organization.partof.name=holding', 'ana bo'],
  ['Patient', 'organization.name:missing=true', 'cy'],
  ['Patient', 'organization._id=acme', 'ana bo'],
  ['Patient', 'organization.name=acme,other', 'ana bo'],
  ['Patient', 'organization.name=acme&gender=male', 'bo'],
  ['Patient', 'general-practitioner.family=house', 'ana'],
  ['Observation', 'subject:Patient.name=ana', 'o1 o2'],
  ['Observation', 'patient.organization.name=acme', 'o1 o2 o3'],
  ['Observation', 'subject.name=ana', 'o1 o2'],
  ['Observation', 'subject:Patient.name=ana&code=b', 'o2'],
  ['Observation', 'subject:Patient.gender:not=male', 'o1 o2'],
  ['Patient', '_has:Observation:patient:code=a', 'ana bo'],
  ['Patient', '_has:Observation:patient:code=b', 'ana'],
  ['Patient', '_has:Observation:patient:code=b&_has:Observation:patient:code=a', 'ana'],
  ['Patient', '_has:Observation:patient:code:missing=false', 'ana bo'],
  ['Patient', '_has:Observation:patient:code=zzz', ''],
  ['Organization', '_has:Patient:organization:name=ana', 'acme'],
  ['Organization', '_has:Patient:organization:_has:Observation:patient:code=b', 'acme'],
  ['Organization', '_has:Patient:organization:general-practitioner.family=house', 'acme'],
  ['Organization', '_has:Patient:organization:_id=cy', 'nameless'],
];

describe('Chains', () => {
  let library: Library;

  before(async () => {
    library = await openLibrary(TYPES);
    const add = (resourceType: string, id: string, rest: object) => library.add({ resourceType, id, ...rest });
    await add('Organization', 'holding', { name: 'Holding' });
    await add('Organization', 'acme', { name: 'Acme', partOf: { reference: 'Organization/holding' } });
    await add('Organization', 'nameless', {});
    await add('Practitioner', 'house', { name: [{ family: 'House' }] });
    const house = [{ reference: 'Practitioner/house' }];
    const organization = (id: string) => ({ managingOrganization: { reference: id } });
    await add('Patient', 'ana', {
      name: [{ given: ['Ana'] }],
      gender: 'female',
      ...organization('Organization/acme'),
      generalPractitioner: house,
    });
    await add('Patient', 'bo', { gender: 'male', ...organization('https://ward.example/Organization/acme') });
    await add('Patient', 'cy', organization('Organization/nameless'));
    await add('Patient', 'far', organization('https://elsewhere.example/Organization/acme'));
    const observation = (id: string, patient: string, code: string) =>
      add('Observation', id, { subject: { reference: `Patient/${patient}` }, code: { coding: [{ code }] } });
    await observation('o1', 'ana', 'a');
    await observation('o2', 'ana', 'b');
    await observation('o3', 'bo', 'a');
  });

  after(() => library.close());

  for (const [type, query, ids] of CHAINS) {
    it(`${type}?${query} finds ${ids === '' ? 'nothing' : ids}`, async () => {
      expect((await library.ids(type, query)).join(' ')).to.equal(ids);
    });
  }

  /** Only female patients are seen, and no practitioners at all. */
  function rows(type: string): Criterion[] {
    if (type === 'Practitioner') throw new Failure('forbidden', 'No.');
    return type === 'Patient' ? library.parse('Patient', 'gender=female').criteria : [];
  }

  const SEEN: [type: string, query: string, ids: string, total: number][] = [
    ['Patient', '', 'ana', 1],
    ['Patient', '_id=bo', '', 0],
    ['Patient', '_summary=count', '', 1],
    ['Patient', 'gender:not=female', '', 0],
    ['Patient', '_sort=gender', 'ana', 1],
    ['Patient', '_sort=-gender,name', 'ana', 1],
    ['Organization', '_has:Patient:organization:gender:missing=false', 'acme', 1],
    ['Organization', '_has:Patient:organization:_id=bo', '', 0],
    ['Organization', '_has:Patient:organization:_has:Observation:patient:code=a', 'acme', 1],
    ['Observation', 'subject:Patient.gender=male', '', 0],
    ['Observation', 'subject:Patient.gender:not=x', 'o1 o2', 2],
    ['Observation', 'subject:Patient.organization.name=acme', 'o1 o2', 2],
  ];

  for (const [type, query, ids, total] of SEEN) {
    it(`leak through ${type}?${query}`, async () => {
      const page = await library.search(type, query, { rows });
      expect(page.matches.map(({ id }) => id).join(' ')).to.equal(ids);
      expect(page.total).to.equal(total);
    });
  }

  it('a chain or _has through what is refused is forbidden', () => {
    expect(() => library.parse('Patient', 'general-practitioner:Practitioner.family=x', { rows })).to.throw(
      Failure,
      'No.',
    );
    expect(() => library.parse('Practitioner', '_has:Patient:general-practitioner:name=x', { rows })).to.throw(
      Failure,
      'No.',
    );
  });

  it("paging cursor of another principal shows that principal's rows to nobody else", async () => {
    const { next } = await library.search('Patient', '_count=1');
    const page = await library.search('Patient', `_count=1&_cursor=${next}`, { rows });
    expect(page.matches).to.deep.equal([]);
    expect(
      await runSearch(library.connection, library.parse('Patient', `_count=1&_cursor=${next}`)),
    ).to.have.nested.property('matches[0].id', 'bo');
  });
});
