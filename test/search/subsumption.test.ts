/** What a code system subsumes is what can be reached in it, however its hierarchy is written down. */
import { expect } from 'chai';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import type { JsonObject } from '../../resources/json/value.ts';
import { CodeSystem } from '../../resources/search/terminology/code-system.ts';
import { runs } from '../harness/generated.ts';

const SIZE = 7;
const CODES = Array.from({ length: SIZE }, (_, index) => `c${index}`);

/** One concept right above another, and how it is said: by nesting, where that is possible, or by a property. */
interface Edge {
  above: number;
  below: number;
  said: 'nested' | 'parent' | 'child' | 'under';
}

const edge = fc.record<Edge>({
  above: fc.nat(SIZE - 1),
  below: fc.nat(SIZE - 1),
  said: fc.constantFrom('nested', 'parent', 'child', 'under'),
});

/** The system of some edges. A concept is nested once, in one of a lower number: so what is nested has no circle. */
function systemOf(edges: readonly Edge[]): JsonObject {
  const concepts = CODES.map((code) => ({ code, concept: [] as JsonObject[], property: [] as JsonObject[] }));
  const roots = new Set(concepts);
  for (const { above, below, said } of edges) {
    const [upper, lower] = [concepts[above], concepts[below]];
    if (upper === undefined || lower === undefined) continue;
    if (said === 'nested' && above < below && roots.delete(lower)) upper.concept.push(lower);
    else if (said === 'child') upper.property.push({ code: 'child', valueCode: lower.code });
    else lower.property.push({ code: said === 'under' ? 'under' : 'parent', valueCode: upper.code });
  }
  const property = [{ code: 'under', uri: 'http://hl7.org/fhir/concept-properties#parent', type: 'code' }];
  return { url: 'urn:a', content: 'complete', property, concept: [...roots] };
}

/** Whether one is above another, or is it: by Warshall's algorithm. */
function reached(edges: readonly Edge[]): boolean[][] {
  const over = CODES.map((_, above) =>
    CODES.map((_, below) => above === below || edges.some((each) => each.above === above && each.below === below)),
  );
  for (let by = 0; by < SIZE; by += 1)
    for (const row of over)
      for (let to = 0; to < SIZE; to += 1) row[to] ||= row[by] === true && over[by]?.[to] === true;
  return over;
}

describe('Subsumption in a code system', () => {
  it('is what can be reached, in both directions', () => {
    const property = fc.property(fc.array(edge, { maxLength: 12 }), (edges) => {
      const system = new CodeSystem(systemOf(edges));
      const over = reached(edges);
      CODES.forEach((code, at) => {
        const below = CODES.filter((_, other) => over[at]?.[other]);
        const above = CODES.filter((_, other) => over[other]?.[at]);
        expect([...system.line(code, 'below')], `below ${code}`).to.have.members(below);
        expect([...system.line(code, 'above')], `above ${code}`).to.have.members(above);
      });
    });
    fc.assert(property, runs(2_000));
  });
});
