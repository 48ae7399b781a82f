import type { Published, PublishedConcept } from './published.ts';

/** Value sets whose codes are not held: a grammar, a list kept elsewhere or a question for a terminology server. */
const OPEN_ENDED = new Set([
  'http://hl7.org/fhir/ValueSet/mimetypes',
  'http://hl7.org/fhir/ValueSet/currencies',
  'http://hl7.org/fhir/ValueSet/ucum-units',
  'http://hl7.org/fhir/ValueSet/all-languages',
  'http://loinc.org/vs/LL379-9',
  'http://hl7.org/fhir/ValueSet/characteristic-combination',
  'http://hl7.org/fhir/ValueSet/parent-relationship-codes',
  'http://hl7.org/fhir/ValueSet/timezones',
  'http://hl7.org/fhir/ValueSet/sibling-relationship-codes',
]);

/**
 * The codes of a value set by their system, or undefined where it is open-ended.
 * Throws where the value set is defined in a way that is not understood here.
 */
export function expand(published: Published, canonical: string): Record<string, string[]> | undefined {
  const url = canonical.split('|')[0] ?? canonical;
  if (OPEN_ENDED.has(url)) return undefined;
  const compose = published.valueSets.get(url)?.compose;
  if (compose === undefined || compose.exclude !== undefined)
    throw new Error(`Cannot expand the value set ${canonical}`);
  const codes: Record<string, string[]> = {};
  for (const { system, concept, filter, valueSet } of compose.include) {
    const all = system === undefined ? undefined : published.codeSystems.get(system);
    const concepts = concept ?? (all?.content === 'complete' ? all.concept : undefined);
    if (system === undefined || concepts === undefined || filter !== undefined || valueSet !== undefined) {
      throw new Error(`Cannot expand a part of the value set ${canonical}: ${system}`);
    }
    codes[system] = [...(codes[system] ?? []), ...flatten(concepts)];
  }
  return codes;
}

/** The codes with those below them, less the headings, which may not be used. */
function flatten(concepts: PublishedConcept[]): string[] {
  return concepts.flatMap(({ code, concept, property = [] }) => {
    const isHeading = property.some((fact) => fact.code === 'notSelectable' && fact.valueBoolean === true);
    return [...(isHeading ? [] : [code]), ...flatten(concept ?? [])];
  });
}
