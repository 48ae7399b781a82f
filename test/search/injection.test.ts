/** SQL through names, values, sorts and cursors: everything is a value, and a value is never in the text. */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { Failure } from '../../resources/errors.ts';
import { readHistory } from '../../resources/history.ts';
import { conditionOf } from '../../resources/search/sql/condition.ts';
import { type Library, openLibrary } from './library.ts';

const HOSTILE = [
  "' OR '1'='1",
  "'; DROP TABLE resource; --",
  '" OR ""="',
  "') UNION SELECT hash FROM credential --",
  '%',
  '_',
  '\\',
  "\\'",
  '?',
  '$1',
  ':a',
  'a\0b',
  '\ud800',
  '\u{10ffff}',
  '𝒳'.repeat(400),
  "x' AND randomblob(1000000000) --",
];

const PARAMETERS = [
  'name',
  'name:exact',
  'name:contains',
  'identifier',
  'gender',
  'gender:not',
  'organization',
  '_id',
  '_profile',
  '_profile:below',
  '_tag',
];

describe('SQL injection', () => {
  let library: Library;

  before(async () => {
    library = await openLibrary(['Patient']);
    await library.add({ resourceType: 'Patient', id: 'a', name: [{ family: 'A' }], gender: 'male' });
  });

  after(() => library.close());

  for (const hostile of HOSTILE) {
    it(`SQL through values, ids among them: ${JSON.stringify(hostile.slice(0, 40))}`, async () => {
      for (const parameter of PARAMETERS) {
        const plan = () => library.parse('Patient', `${parameter}=${hostile.replaceAll('&', '')}`);
        if (parameter === 'name:contains' && '%_\\'.includes(hostile)) continue;
        const expected = parameter === 'gender:not' ? ['a'] : [];
        try {
          plan();
        } catch (error) {
          expect(error, parameter).to.be.instanceOf(Failure);
          continue;
        }
        expect(await library.ids('Patient', `${parameter}=${hostile.replaceAll('&', '')}`), parameter).to.deep.equal(
          expected,
        );
      }
    });

    it(`SQL through parameter names, sort fields, JSON paths, cursors: ${JSON.stringify(hostile.slice(0, 40))}`, () => {
      const name = hostile.replaceAll('=', '');
      for (const query of [
        `${name}=x`,
        `name:${name}=x`,
        `${name}.name=x`,
        `organization.${name}=x`,
        `_has:Patient:link:${name}=x`,
        `_has:${name}:link:name=x`,
        `_sort=${name}`,
        `_sort=-${name}`,
        `_cursor=${name}`,
        `_elements=${name}`,
        `_include=Patient:${name}`,
      ]) {
        expect(() => library.parse('Patient', query), query).to.throw(Failure);
      }
    });
  }

  it('SQL through cursors of a history', async () => {
    for (const text of [
      ...HOSTILE,
      '1.1.1) OR (1 = 1',
      '1.1.-1',
      '1.1',
      '1e3.1.1',
      '1.1.1.1',
      ' 1.1.1',
      '1.1.2147483648',
    ]) {
      const page = { count: 1, cursor: Buffer.from(text).toString('base64url') };
      const reading = readHistory(library.connection, 'Patient', undefined, page);
      const refused = await reading.catch((error: unknown) => error);
      expect(refused, text).to.be.instanceOf(Failure);
    }
  });

  it('wildcards of a pattern are letters', async () => {
    for (const wildcard of ['%', '_', '\\\\'])
      expect(await library.ids('Patient', `name:contains=${wildcard}`)).to.deep.equal([]);
    expect(await library.ids('Patient', 'name:contains=a')).to.deep.equal(['a']);
  });

  it('no value of a query is in the text of a statement', () => {
    const marker = 'm4rker';
    const plan = library.parse(
      'Patient',
      `name=${marker}&identifier=${marker}|${marker}&organization:Organization=${marker}&_id=${marker}&_sort=name`,
    );
    const texts = plan.criteria.map((criterion) => conditionOf(criterion, true).sql);
    expect(texts).to.have.length(4);
    expect(texts.join()).to.not.include(marker);
  });
});
