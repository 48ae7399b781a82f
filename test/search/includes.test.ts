/** FHIR R4 §3.1.1.5.4: resources that stand beside the matches. */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { Failure } from '../../resources/errors.ts';
import { runSearch } from '../../resources/search/compile.ts';
import type { SearchOptions } from '../../resources/search/parameters/criteria.ts';
import { includedWith } from '../../resources/search/sql/included.ts';
import { type Library, OPTIONS, openLibrary } from './library.ts';

const TYPES = ['Patient', 'Observation', 'Organization', 'Practitioner'];

const INCLUDES: [type: string, query: string, included: string][] = [
  ['Patient', '_id=ana', ''],
  ['Patient', '_id=ana&_include=Patient:organization', 'acme'],
  ['Patient', '_id=bo&_include=Patient:organization', 'acme'],
  ['Patient', '_include=Patient:organization', 'acme'],
  ['Patient', '_id=ana&_include=Patient:*', 'acme house'],
  ['Patient', '_id=ana&_include=*', 'acme house'],
  ['Patient', '_id=ana&_include=Patient:general-practitioner:Organization', ''],
  ['Patient', '_id=ana&_include=Patient:general-practitioner:Practitioner', 'house'],
  ['Patient', '_id=ana&_include=Patient:organization&_include=Organization:partof', 'acme'],
  ['Patient', '_id=ana&_include=Patient:organization&_include:iterate=Organization:partof', 'acme holding top'],
  ['Patient', '_id=ana&_revinclude=Observation:patient', 'o1 o2'],
  ['Patient', '_id=ana&_revinclude=Observation:*', 'o1 o2'],
  ['Patient', '_id=ana&_revinclude=Observation:subject:Group', ''],
  ['Patient', '_id=ana&_revinclude=*', 'o1 o2'],
  ['Organization', '_id=acme&_revinclude=*', 'ana bo'],
  ['Organization', '_id=top&_revinclude=*', 'holding'],
  ['Organization', '_id=top&_revinclude:iterate=*', 'acme ana bo holding o1 o2'],
  ['Practitioner', '_revinclude=*', 'ana'],
  ['Observation', '_id=o1&_include:iterate=*', 'acme ana holding house top'],
  ['Observation', '_id=o1&_include=Observation:*&_include:iterate=Patient:*', 'acme ana house'],
  ['Observation', '_id=o1&_include:iterate=*&_revinclude:iterate=*', 'acme ana bo holding house o2 top'],
  ['Organization', '_id=acme&_revinclude=Patient:organization&_revinclude:iterate=Observation:patient', 'ana bo o1 o2'],
  ['Observation', '_include=Observation:patient', 'ana'],
  ['Organization', '_include=Organization:partof', ''],
  ['Organization', '_id=s0&_include:iterate=Organization:partof', 's1 s2 s3 s4 s5 s6 s7 s8'],
  ['Organization', '_id=s9&_revinclude:iterate=Organization:partof', 's1 s2 s3 s4 s5 s6 s7 s8'],
];

describe('Includes', () => {
  let library: Library;

  async function included(type: string, query: string, rows?: NonNullable<SearchOptions['rows']>): Promise<string> {
    const options = rows === undefined ? OPTIONS : { ...OPTIONS, rows };
    const plan = library.parse(type, query, options);
    const { matches } = await runSearch(library.connection, plan);
    const found = await includedWith(library.connection, library.registry, plan, matches, options);
    return found
      .map(({ id }) => id)
      .sort()
      .join(' ');
  }

  before(async () => {
    library = await openLibrary(TYPES);
    const add = (resourceType: string, id: string, rest: object) => library.add({ resourceType, id, ...rest });
    await add('Organization', 'top', {});
    await add('Organization', 'holding', { partOf: { reference: 'Organization/top' } });
    await add('Organization', 'acme', { partOf: { reference: 'Organization/holding' } });
    for (let at = 0; at < 10; at += 1)
      await add('Organization', `s${at}`, { partOf: { reference: `Organization/s${at + 1}` } });
    await add('Practitioner', 'house', {});
    await add('Patient', 'ana', {
      gender: 'female',
      managingOrganization: { reference: 'Organization/acme' },
      generalPractitioner: [{ reference: 'Practitioner/house' }, { reference: 'Organization/none' }],
    });
    await add('Patient', 'bo', { managingOrganization: { reference: 'https://ward.example/fhir/Organization/acme' } });
    await add('Observation', 'o1', { subject: { reference: 'Patient/ana' } });
    await add('Observation', 'o2', { subject: { reference: 'Patient/ana/_history/1' } });
  });

  after(() => library.close());

  for (const [type, query, ids] of INCLUDES) {
    it(`${type}?${query} includes ${ids === '' ? 'nothing' : ids}`, async () => {
      expect(await included(type, query)).to.equal(ids);
    });
  }

  it('leak through _include and _revinclude', async () => {
    const females = (type: string) => {
      if (type === 'Organization') throw new Failure('forbidden', 'No.');
      return type === 'Patient' ? library.parse('Patient', 'gender=female').criteria : [];
    };
    expect(await included('Patient', '_id=ana&_include=Patient:*', females)).to.equal('house');
    const seen = (type: string) => (type === 'Patient' ? library.parse('Patient', 'gender=female').criteria : []);
    expect(await included('Organization', '_id=acme&_revinclude=Patient:organization', seen)).to.equal('ana');
    expect(await included('Organization', '_id=acme&_revinclude=*', seen)).to.equal('ana');
    expect(await included('Organization', '_id=acme&_revinclude:iterate=*', seen)).to.equal('ana o1 o2');
    const noPatients = (type: string) => {
      if (type === 'Patient') throw new Failure('forbidden', 'No.');
      return [];
    };
    expect(await included('Organization', '_id=holding&_revinclude:iterate=*', noPatients)).to.equal('acme');
  });
});
