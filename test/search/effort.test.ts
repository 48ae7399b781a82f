/** What a search costs grows with what is stored, and not with the square of it: how SQLite means to run it. */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { LimitedConnection } from '../../resources/reading/limited-connection.ts';
import { runSearch } from '../../resources/search/compile.ts';
import { includedWith } from '../../resources/search/sql/included.ts';
import type { Binding } from '../../resources/storage/connection.ts';
import { DATABASE_KIND } from '../harness/database.ts';
import { type Library, OPTIONS, openLibrary } from './library.ts';

interface Step {
  id: number;
  parent: number;
  detail: string;
}

describe('The effort of a search', () => {
  let library: Library;
  before(async function () {
    if (DATABASE_KIND !== 'sqlite') this.skip();
    library = await openLibrary(['Patient', 'Organization', 'ValueSet', 'Observation']);
    await library.add({ resourceType: 'Patient', id: 'p', name: [{ family: 'A' }], gender: 'male' });
    const include = ['urn:a', 'urn:b'].map((system) => ({ system, concept: [{ code: '1' }, { code: '2' }] }));
    await library.add({ resourceType: 'ValueSet', id: 'spoken', compose: { include } });
    const concept = Array.from({ length: 300 }, (_, index) => ({ code: `c${index}` }));
    await library.add({ resourceType: 'ValueSet', id: 'many', compose: { include: [{ system: 'urn:a', concept }] } });
  });
  after(() => library?.close());

  /** The steps of every query of a search. */
  async function stepsOf(query: string): Promise<Step[]> {
    return (await plansOf('Patient', query)).flat();
  }

  async function plansOf(type: string, query: string): Promise<Step[][]> {
    const { connection } = library;
    const plans: Step[][] = [];
    const watching = {
      ...connection,
      all: async <Row>(sql: string, bindings?: Binding[]) => {
        plans.push(await connection.all<Step>(`EXPLAIN QUERY PLAN ${sql}`, bindings));
        return connection.all<Row>(sql, bindings);
      },
    };
    await runSearch(watching, library.parse(type, query));
    return plans;
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

  it('of ranges, each resource is probed by its key', async () => {
    for (const query of [
      'birthdate=gt1950&birthdate=gt1960',
      'birthdate=sa1950&gender=male',
      'gender=male&birthdate=lt1950',
    ]) {
      const probes = (await stepsOf(query)).filter(({ detail }) => detail.startsWith('SEARCH x EXISTS'));
      expect(probes, query).to.not.be.empty;
      for (const { detail } of probes) expect(detail, query).to.match(/\(param=\? AND (\w+=\? AND )?key=\?/);
    }
  });

  it('of a composite, no part is looked through for each row of another', async () => {
    for (const query of [
      'component-code-value-quantity=1$gt5',
      'component-code-value-quantity=urn:a|1$5,2$lt7',
      'component-code-value-concept=1$2',
      'code-value-quantity=1$gt5&_sort=-date',
      'code-value-string=1$a',
      'code-value-date=1$ge2000',
      'component-code-value-quantity=urn:a|$gt5',
      'code-value-quantity=urn:a|$gt5',
      'component-code-value-concept=urn:a|$urn:b|',
      'component-code-value-quantity:missing=true',
      'code-value-string:missing=false&status=final',
    ]) {
      let looked = 0;
      for (const steps of await plansOf('Observation', query)) {
        const rows = steps.filter(({ detail }) => /^(SEARCH|SCAN) (search_|[por]\d?$)/.test(detail));
        looked += rows.length;
        for (const [at, { parent, detail }] of rows.entries()) {
          if (!rows.slice(0, at).some((before) => before.parent === parent)) continue;
          expect(detail, query).to.match(/\((param=\? AND \w+=\? AND )?key=\?/);
        }
      }
      expect(looked, query).to.be.above(1);
    }
  });

  it('of several at once is that of each', async () => {
    const { connection } = library;
    for (const query of [
      'identifier=urn:a|1',
      'name=a&_count=10',
      'name:exact=A&gender=male',
      'birthdate=ge1980-05&_sort=family',
      'organization.partof:below=1&gender=male',
    ]) {
      const texts: string[] = [];
      const watching = {
        ...connection,
        all: <Row>(sql: string, bindings?: Binding[]) => {
          texts.push(sql);
          return connection.all<Row>(sql, bindings);
        },
      };
      const queries = new LimitedConnection(watching, 1);
      const search = () => runSearch(queries, library.parse('Patient', query));
      await search();
      const alone = await Promise.all(texts.map(planOf));
      await Promise.all([search(), search(), search()]);
      const together = await Promise.all(texts.filter((text) => text.startsWith('SELECT 0 AS asker')).map(planOf));
      expect(together, query).to.deep.equal(alone.map((steps) => [...steps, ...steps]));
    }

    /** What is done to tables and their indexes, apart from giving on what each has found. */
    async function planOf(sql: string): Promise<string[]> {
      const places = Array<string>(sql.split('?').length - 1).fill('1');
      const steps = await connection.all<Step>(`EXPLAIN QUERY PLAN ${sql}`, places);
      return steps.map(({ detail }) => detail).filter((detail) => /^(SEARCH|SCAN (?!asked)|USE)/.test(detail));
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

  it('of many includes, each match is read once', async () => {
    const targets = ['Patient', 'Group', 'Device', 'Location', 'Practitioner', 'Organization', 'Encounter'];
    const plan = library.parse('Patient', targets.map((target) => `_include=Patient:*:${target}`).join('&'));
    const { matches } = await runSearch(library.connection, plan);
    let reads = 0;
    const watched = matches.map((match) => ({
      ...match,
      get text() {
        reads += 1;
        return match.text;
      },
    }));
    await includedWith(library.connection, library.registry, plan, watched, OPTIONS);
    expect(watched).to.have.length(1);
    // Whether there is one is asked first.
    expect(reads).to.be.at.most(2);
  });
});
