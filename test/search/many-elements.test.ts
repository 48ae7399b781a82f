/** A composite asks for one element that has all of its parts (FHIR R4 §3.1.1.4.15), however many there are. */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import type { JsonObject } from '../../resources/json/value.ts';
import { indexRows, searchType } from '../../resources/search/index/extract.ts';
import { RowCollector } from '../../resources/search/index/rows.ts';
import { satisfying } from '../../resources/search/satisfying.ts';
import { type Library, openLibrary } from './library.ts';

const ELEMENTS = 200;
const CODE_AND_VALUE = 'component-code-value-quantity';

/** An Observation whose components have the values 0, 1, 2, … and every third of them one code more. */
const PANEL: JsonObject & { resourceType: string; id: string } = {
  resourceType: 'Observation',
  id: 'panel',
  status: 'final',
  code: { coding: [{ code: 'panel' }] },
  valueQuantity: { value: 1000 },
  component: Array.from({ length: ELEMENTS }, (_, value) => ({
    code: { coding: [{ code: `c${value}` }, ...(value % 3 === 0 ? [{ code: 'third' }] : [])] },
    valueQuantity: { value },
  })),
};

describe('Composites over many elements', () => {
  let library: Library;
  before(async () => {
    library = await openLibrary(['Observation']);
    await library.add(PANEL);
  });
  after(() => library.close());

  /** Whether a search finds the panel, in the database and in memory. */
  async function finds(parameter: string, value: string): Promise<boolean> {
    const found = await library.ids('Observation', `${parameter}=${value}`);
    const definition = library.registry.get('Observation');
    const rows = definition ? indexRows(library.registry, definition, PANEL) : new Map();
    const { criteria } = library.parse('Observation', `${parameter}=${value}`);
    const held = await satisfying(library.connection, criteria, [{ id: 'panel', lastUpdated: 0, rows }]);
    expect(held, `${parameter}=${value} in memory`).to.have.length(found.length);
    return found.length > 0;
  }

  for (const code of [0, 1, 49, 50, 51, 52, 101, 102, 103, 150, 199]) {
    it(`finds the value of element ${code}, and of no other`, async () => {
      for (const value of [0, 1, 50, 51, 52, 102, 153, code - 51, code, code + 51, code + 102]) {
        expect(await finds(CODE_AND_VALUE, `c${code}$${value}`), `c${code} with ${value}`).to.equal(code === value);
      }
    });
  }

  it('finds what several elements have in those alone that have it', async () => {
    for (const value of [0, 3, 51, 150]) expect(await finds(CODE_AND_VALUE, `third$${value}`)).to.equal(true);
    for (const value of [1, 52, 100, 151]) expect(await finds(CODE_AND_VALUE, `third$${value}`)).to.equal(false);
    expect(await finds(CODE_AND_VALUE, 'third$gt198')).to.equal(false);
  });

  it('takes the resource itself for one more of them', async () => {
    expect(await finds('combo-code-value-quantity', 'panel$1000')).to.equal(true);
    for (const value of [0, 50, 51, 101]) {
      expect(await finds('combo-code-value-quantity', `panel$${value}`)).to.equal(false);
    }
    expect(await finds(`${CODE_AND_VALUE}:missing`, 'false')).to.equal(true);
  });

  it('what the resource itself has is one part of each element, and read once for all of them', async () => {
    const ELEMENT = 1000;
    const sequence = {
      resourceType: 'MolecularSequence',
      id: 'sequence',
      referenceSeq: { chromosome: { coding: Array.from({ length: ELEMENT }, (_, code) => ({ code: `c${code}` })) } },
      variant: Array.from({ length: ELEMENT }, (_, at) => ({ start: at, end: at + 1 })),
    };
    const definition = library.registry.resource('MolecularSequence');
    if (!definition) throw new Error('R4 has sequences');
    const parameter = searchType(library.registry, definition).parameters.get('chromosome-variant-coordinate');
    const collector = new RowCollector();
    parameter?.extract(sequence, collector);
    expect(collector.added).to.equal(3 * ELEMENT);
    const rows = indexRows(library.registry, definition, sequence);
    const held = async (value: string) => {
      const { criteria } = library.parse('MolecularSequence', `chromosome-variant-coordinate=${value}`);
      return (await satisfying(library.connection, criteria, [{ id: 'sequence', lastUpdated: 0, rows }])).length;
    };
    for (const at of [0, 50, 51, 407, 999]) expect(await held(`c${at}$${at}$${at + 1}`), `${at}`).to.equal(1);
    expect(await held('c7$60$62')).to.equal(0);
    expect(await held('none$60$61')).to.equal(0);
  });

  it('is judged in memory in time in proportion to the rows of its parts', async () => {
    // No element has both, nor any that shares its place with another.
    const component = Array.from({ length: 10_000 }, (_, at) => ({
      code: { coding: [{ system: `urn:${at}`, code: at % 51 < 25 ? 'c' : 'd' }] },
      valueQuantity: { value: at % 51 < 25 ? -1 : at },
    }));
    const definition = library.registry.get('Observation');
    if (!definition) throw new Error('Observations are served');
    const rows = indexRows(library.registry, definition, { ...PANEL, component });
    const held = async (value: string) => {
      const { criteria } = library.parse('Observation', `${CODE_AND_VALUE}=${value}`);
      return (await satisfying(library.connection, criteria, [{ id: 'x', lastUpdated: 0, rows }])).length;
    };
    const start = performance.now();
    expect([await held('c$gt0'), await held('d$gt0'), await held('c$-1')]).to.eql([0, 1, 1]);
    expect(performance.now() - start).to.be.below(2000);
  });
});
