/** Every search parameter of the published definitions reads something, under a number of its own. */
import { readdirSync } from 'node:fs';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import { createRegistry } from '../../resources/registry.ts';
import { refuseCollisions, searchType } from '../../resources/search/extract.ts';

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
});
