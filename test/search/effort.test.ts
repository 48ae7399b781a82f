/** What a search costs grows with what is stored, and not with the square of it: how SQLite means to run it. */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import type { Binding } from '../../resources/connection.ts';
import { runSearch } from '../../resources/search/compile.ts';
import { DATABASE_KIND } from '../harness/database.ts';
import { type Library, openLibrary } from './library.ts';

interface Step {
  id: number;
  parent: number;
  detail: string;
}

describe('The effort of a search', () => {
  let library: Library;
  before(async function () {
    if (DATABASE_KIND !== 'sqlite') this.skip();
    library = await openLibrary(['Patient', 'Organization', 'ValueSet']);
    await library.add({ resourceType: 'Patient', id: 'p', name: [{ family: 'A' }], gender: 'male' });
    const include = ['urn:a', 'urn:b'].map((system) => ({ system, concept: [{ code: '1' }, { code: '2' }] }));
    await library.add({ resourceType: 'ValueSet', id: 'spoken', compose: { include } });
    const concept = Array.from({ length: 300 }, (_, index) => ({ code: `c${index}` }));
    await library.add({ resourceType: 'ValueSet', id: 'many', compose: { include: [{ system: 'urn:a', concept }] } });
  });
  after(() => library?.close());

  /** The steps of every query of a search. */
  async function stepsOf(query: string): Promise<Step[]> {
    const { connection } = library;
    const steps: Step[] = [];
    const watching = {
      ...connection,
      all: async <Row>(sql: string, bindings?: Binding[]) => {
        steps.push(...(await connection.all<Step>(`EXPLAIN QUERY PLAN ${sql}`, bindings)));
        return connection.all<Row>(sql, bindings);
      },
    };
    await runSearch(watching, library.parse('Patient', query));
    return steps;
  }

  it('of alternatives, each resource is probed by a seek', async () => {
    for (const query of [
      'phone:not=1,|2',
      'identifier=urn:a|1,2&gender=male',
      'name:exact=A,B&gender=male&_sort=-birthdate,name',
      'organization=Organization/a,b&gender=male',
      'language:not-in=ValueSet/spoken&gender=male',
    ]) {
      const steps = await stepsOf(query);
      const repeated = new Set(steps.filter(({ detail }) => detail.startsWith('CORRELATED')).map(({ id }) => id));
      const probes = steps.filter(({ parent, detail }) => repeated.has(parent) || detail.includes(' EXISTS '));
      expect(probes, query).to.not.be.empty;
      for (const { detail } of probes) expect(detail, query).to.match(/\(param=\? AND \w+=\? AND key=\?/);
    }
  });

  it('of many codes, none is sought for each resource', async () => {
    const repeated = (await stepsOf('language:not-in=ValueSet/many')).filter(({ detail }) => /CORRELATED/.test(detail));
    expect(repeated).to.deep.equal([]);
  });

  it('of a hierarchy, each step is a seek', async () => {
    for (const query of ['organization:below=1', 'organization:above=1,2', 'organization.partof:below=1&gender=male']) {
      const walked = (await stepsOf(query)).filter(({ detail }) => /^SEARCH [pxr] (?!EXISTS)/.test(detail));
      expect(walked, query).to.not.be.empty;
      for (const { detail } of walked) {
        if (detail.startsWith('SEARCH x')) expect(detail, query).to.match(/\(param=\? AND target=\?|\(key=\?/);
      }
    }
  });

  it('what was found by one criterion is not sought again for each key of another, but in long texts', async () => {
    const inText = /SEARCH x .*PRIMARY KEY \(param=\? AND key=\?\)/;
    for (const query of [
      '_has:Patient:link:birthdate=gt1950&address-country=US',
      'link.gender=male&address-country=US',
      'link.gender=male&address:contains=KS',
      'language:in=ValueSet/many&link.gender=male',
    ]) {
      const steps = (await stepsOf(query)).filter(({ detail }) => !inText.test(detail));
      for (const { detail } of steps) expect(detail, query).to.not.match(/=\? AND (key|rowid)=\?/);
    }
  });
});
