/** Every search parameter of the published definitions reads something, under a number of its own. */
import { readdirSync } from 'node:fs';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import { createRegistry } from '../../resources/registry.ts';
import { indexRows, refuseCollisions, searchType } from '../../resources/search/index/extract.ts';

const FOLDER = new URL('../../resources/fhir/r4/', import.meta.url);

describe('Search parameters of R4', () => {
  const published = readdirSync(FOLDER).map((file) => file.replace('.json', ''));
  const registry = createRegistry();
  const types = [...published, ...registry.names()]
    .map((name) => registry.resource(name))
    .filter((definition) => definition !== undefined)
    .map((definition) => searchType(registry, definition));

  it('read elements that their kind understands', () => {
    const blind = types.flatMap(({ definition, parameters }) =>
      [...parameters.values()]
        .flatMap((parameter) => (parameter.components.length > 0 ? parameter.components : [parameter]))
        .filter(({ types: read }) => read.size === 0)
        .map(({ code }) => `${definition.name}.${code}`),
    );
    expect(types.length).to.be.greaterThan(140);
    expect(blind).to.deep.equal([]);
  });

  it('have numbers of their own', () => {
    expect(() => refuseCollisions(new Set(types))).to.not.throw();
  });

  it('share the rows of one that reads the same', () => {
    const definition = registry.resource('Patient');
    if (!definition) throw new Error('there is no Patient');
    const { parameters } = searchType(registry, definition);
    expect(parameters.get('phonetic')?.number).to.equal(parameters.get('name')?.number);
    const rows = indexRows(registry, definition, { name: [{ family: 'Chalmers', given: ['Peter'] }] });
    const texts = (rows.get('search_string') ?? []).map(([, text]) => text);
    expect(texts.toSorted()).to.deep.equal(['chalmers', 'chalmers', 'peter', 'peter']);
  });
});
