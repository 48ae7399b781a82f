/** Where some properties of a resource change, the index rows of the parameters that read them are all that change. */
import { expect } from 'chai';
import { describe, it } from 'mocha';
import type { ElementDefinition, ResourceDefinition } from '../../resources/definition.ts';
import type { Json, JsonObject } from '../../resources/json/value.ts';
import { createRegistry } from '../../resources/registry.ts';
import { indexRows } from '../../resources/search/index/extract.ts';
import type { IndexRows } from '../../resources/search/index/tables.ts';

/** Elements in elements: as deep as any parameter reads, and not so deep that a type in itself has no end. */
const DEEPEST = 5;

const VALUES: Record<string, Json> = {
  boolean: true,
  integer: 7,
  decimal: 2.5,
  positiveInt: 3,
  unsignedInt: 4,
  date: '2020-05-17',
  dateTime: '2020-05-17T08:30:00Z',
  instant: '2020-05-17T08:30:00Z',
  time: '08:30:00',
  canonical: 'http://example.org/fhir/ValueSet/v|2',
};

describe('The index rows of a resource of which one property changes', () => {
  const registry = createRegistry();

  /** One value of an element, with everything in it that there may be. */
  function sampleOf(element: ElementDefinition, type: string | undefined, depth: number): Json | undefined {
    const elements = element.elements ?? registry.datatype(type ?? '')?.elements;
    const value = elements === undefined ? (VALUES[type ?? ''] ?? `a ${type}`) : filled(elements, depth + 1);
    // A Reference to something of which each type may be the target.
    const whole = type === 'Reference' ? { ...(value as JsonObject), reference: 'Patient/p' } : value;
    return element.list ? [whole] : whole;
  }

  function filled(elements: Record<string, ElementDefinition>, depth: number): JsonObject {
    const object: JsonObject = {};
    if (depth > DEEPEST) return object;
    for (const [name, element] of Object.entries(elements)) {
      for (const type of element.choice ?? [element.type]) {
        const key = element.choice ? name + String(type).charAt(0).toUpperCase() + String(type).slice(1) : name;
        const value = type === 'Extension' || type === 'Resource' ? undefined : sampleOf(element, type, depth);
        if (value !== undefined) object[key] = value;
      }
    }
    return object;
  }

  function rows(definition: ResourceDefinition, resource: JsonObject, properties?: string[]): string[] {
    return listed(indexRows(registry, definition, resource, properties));
  }

  it('are those of before without what the property gave, and what it gives now', () => {
    let changed = 0;
    for (const name of registry.names()) {
      const definition = registry.get(name);
      if (!definition) throw new Error(`${name} is not served`);
      const whole = filled(definition.elements, 0);
      const all = rows(definition, whole);
      expect(all, name).to.not.be.empty;
      for (const property of Object.keys(whole)) {
        const { [property]: _, ...without } = whole;
        const gone = new Set(rows(definition, without, [property]));
        const kept = rows(definition, without).filter((row) => !gone.has(row));
        const coming = rows(definition, whole, [property]);
        expect([...kept, ...coming].sort(), `${name}.${property}`).to.deep.equal(all);
        if (coming.length > 0) changed += 1;
      }
    }
    expect(changed).to.be.above(1000);
  });

  it('are none where no parameter reads the property', () => {
    const definition = registry.get('Patient');
    if (!definition) throw new Error('Patient is not served');
    expect(rows(definition, filled(definition.elements, 0), ['contact', 'photo'])).to.deep.equal([]);
  });
});

function listed(rows: IndexRows): string[] {
  return [...rows].flatMap(([table, all]) => all.map((row) => JSON.stringify([table, ...row]))).sort();
}
