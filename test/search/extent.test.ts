/** How much one search may ask for: what has no bound elsewhere, and that a database can do whatever is taken. */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { Failure } from '../../resources/errors.ts';
import { type Library, openLibrary } from './library.ts';

const list = (count: number, value: (index: number) => string) =>
  Array.from({ length: count }, (_, i) => value(i)).join();
const times = (count: number, query: string) => Array.from({ length: count }, () => query).join('&');

const FEWER = /^A search can have at most 1000 values: use fewer\.$/;
const SCANNED = /^A search can have at most 50 values that scan all texts .* as with :contains: use fewer\.$/;
const TOO_MUCH = /^This search is too large: use fewer values, and specify the types in chains/;
const ids = (count: number) => `_id=${list(count, (i) => `p${i}`)}`;

const REFUSED: [about: string, type: string, query: string, message: RegExp][] = [
  ['ids', 'Patient', times(3, ids(500)), FEWER],
  ['values in chains and _has', 'Patient', times(3, `_has:Patient:link:link:Patient.${ids(400)}`), FEWER],
  ['parts of texts', 'Patient', times(2, `name:contains=${list(26, (i) => `n${i}`)}`), SCANNED],
  ['words of a code', 'Observation', `code:text=${list(51, (i) => 'x'.repeat(501 + i))}`, SCANNED],
  ['systems', 'Patient', `identifier=${list(51, (i) => `urn:${i}|`)}`, SCANNED],
  [
    'values where the types of chains are open',
    'MedicationStatement',
    times(20, `part-of.part-of.part-of.performer.identifier=${list(500, (i) => `a${i}`)}`),
    TOO_MUCH,
  ],
  [
    'letters where the types of chains are open',
    'MedicationStatement',
    times(20, `part-of.part-of.part-of.performer.name=${'é'.repeat(9000)}`),
    TOO_MUCH,
  ],
  ['quantities', 'Observation', times(2, `value-quantity=${list(400, (i) => `${i}|urn:u|mg`)}`), TOO_MUCH],
];

const TAKEN: [about: string, type: string, query: string][] = [
  ['ids', 'Patient', times(2, ids(500))],
  ['identifiers', 'Patient', times(2, `identifier=${list(500, (i) => `urn:a|${i}`)}`)],
  ['names', 'Patient', `${times(3, `name:exact=${list(257, (i) => `N${i}`)}`)}&_sort=family,birthdate`],
  ['parts of texts', 'Patient', times(2, `name:contains=${list(25, (i) => `n${i}`)}`)],
  ['ranges', 'Patient', times(100, 'birthdate=gt1950')],
  [
    'values at the end of chains',
    'Patient',
    `link:Patient.link:Patient.link:Patient.name=${list(500, (i) => `n${i}`)}`,
  ],
  ['values at the end of _has', 'Patient', `_has:Patient:link:_has:Patient:link:name=${list(500, (i) => `n${i}`)}`],
  ['composites', 'Observation', `code-value-quantity=${list(500, (i) => `c${i}$${i}`)}`],
];

describe('The extent of a search', () => {
  let library: Library;
  before(async () => {
    library = await openLibrary(['Patient', 'Observation']);
    await library.add({ resourceType: 'Patient', id: 'p1', name: [{ family: 'N1' }], birthDate: '1970-01-01' });
  });
  after(() => library.close());

  for (const [about, type, query, message] of REFUSED) {
    it(`too many ${about} are refused over all parameters, and what helps is said`, () => {
      expect(() => library.parse(type, query))
        .to.throw(Failure, message)
        .with.property('code', 'parameter');
    });
  }

  for (const [about, type, query] of TAKEN) {
    it(`as many ${about} as are taken can be looked for`, async () => {
      const { matches } = await library.search(type, query);
      expect(matches.length, query.slice(0, 100)).to.equal(/^(_id|birth|name)/.test(query) ? 1 : 0);
    });
  }

  it('what a caller may see counts for nothing that it asked', async () => {
    const { criteria } = library.parse('Patient', `name:contains=${list(50, (i) => `n${i}`)}`);
    const rows = () => criteria;
    const { matches } = await library.search('Patient', 'name:contains=n&link:Patient.name:contains=n', { rows });
    expect(matches).to.deep.equal([]);
  });

  it('an element that is named very often is looked for once', () => {
    const query = times(3, `_elements=${list(10_000, () => 'name')},gender`);
    expect(library.parse('Patient', query).elements).to.eql(['name', 'gender']);
  });
});
