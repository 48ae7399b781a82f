/** What is judged in memory agrees with what the database finds, for every kind of criterion. */
import { expect } from 'chai';
import fc from 'fast-check';
import { after, before, describe, it } from 'mocha';
import type { JsonObject } from '../../resources/json/value.ts';
import { indexRows } from '../../resources/search/index/extract.ts';
import { type Subject, satisfying } from '../../resources/search/satisfying.ts';
import { runs, SEED } from '../harness/generated.ts';
import { codeSystem, ELEMENTS, SYSTEMS, searches } from './drawn.ts';
import { type Library, openLibrary } from './library.ts';

type Resource = JsonObject & { resourceType: string; id: string };

describe('criteria in memory', () => {
  let library: Library;
  const subjects = new Map<string, Subject[]>();

  before(async () => {
    library = await openLibrary([...Object.keys(ELEMENTS), 'CodeSystem']);
    for (const [index, system] of fc.sample(codeSystem, { seed: SEED, numRuns: SYSTEMS.length }).entries()) {
      await library.add({ resourceType: 'CodeSystem', id: `s${index}`, url: SYSTEMS[index] ?? '', ...system });
    }
    for (const [type, elements] of Object.entries(ELEMENTS)) {
      const made = fc.sample(elements, { seed: SEED, numRuns: 40 });
      const list: Subject[] = [];
      for (const [index, element] of made.entries()) {
        const text = JSON.stringify({ resourceType: type, id: String(index + 1), ...element });
        const resource = JSON.parse(text) as Resource;
        const lastUpdated = Date.UTC(2020, 1, 28, index);
        await library.add(resource, lastUpdated);
        const definition = library.registry.get(type);
        if (definition)
          list.push({ id: resource.id, lastUpdated, rows: indexRows(library.registry, definition, resource) });
      }
      subjects.set(type, list);
    }
  });
  after(() => library.close());

  it('they hold for the resources that the database finds by them, and for no others', async () => {
    let found = 0;
    const property = fc.asyncProperty(searches, async ([type, pairs]) => {
      const text = pairs.map((pair) => pair.join('=')).join('&');
      const expected = await library.ids(type, text);
      const { criteria } = library.parse(type, text);
      const held = await satisfying(library.connection, criteria, subjects.get(type) ?? []);
      expect(
        held.map(({ id }) => id),
        `${type}?${text}`,
      ).to.have.members(expected);
      if (expected.length > 0) found += 1;
    });
    const parameters = runs(5_000);
    await fc.assert(property, parameters);
    expect(found, 'searches that found something').to.be.above(parameters.numRuns / 4);
  }).timeout(300_000);
});
