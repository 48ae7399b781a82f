import type { Published, PublishedCodeSystem, PublishedConcept, PublishedFilter } from './published.ts';

/**
 * A LOINC answer list (https://loinc.org/LL379-9) that the published definitions reference but do not contain. LOINC is
 * copyright © Regenstrief Institute, Inc., and available at no cost under the license at http://loinc.org/license.
 */
const ELSEWHERE: Record<string, Record<string, string[]>> = {
  'http://loinc.org/vs/LL379-9': {
    'http://loinc.org': ['LA9658-1', 'LA6692-3', 'LA6686-5', 'LA6687-3', 'LA6688-1', 'LA6689-9', 'LA6690-7'],
  },
};

/** Bindings that name a document instead of its code system. */
const DOCUMENTS: Record<string, string> = { 'http://www.rfc-editor.org/bcp/bcp13.txt': 'urn:ietf:bcp:13' };

/**
 * Returns the code system that a value set contains completely, if its codes follow a rule instead of a list; undefined
 * for other value sets.
 */
export function wholeSystem(published: Published, canonical: string, ruled: ReadonlySet<string>): string | undefined {
  const url = withoutVersion(canonical);
  if (DOCUMENTS[url] !== undefined) return DOCUMENTS[url];
  const include = published.valueSets.get(url)?.compose?.include ?? [];
  const [{ system, concept, filter, valueSet } = {}] = include;
  const isWhole = include.length === 1 && concept === undefined && filter === undefined && valueSet === undefined;
  return isWhole && system !== undefined && ruled.has(system) ? system : undefined;
}

/** Returns the codes of a value set by system. Throws if the value set is defined in an unsupported way. */
export function expand(published: Published, canonical: string): Record<string, string[]> {
  const url = withoutVersion(canonical);
  const listed = ELSEWHERE[url];
  if (listed !== undefined) return listed;
  const compose = published.valueSets.get(url)?.compose;
  if (compose === undefined || compose.exclude !== undefined)
    throw new Error(`Cannot expand the value set ${canonical}`);
  const codes: Record<string, string[]> = {};
  for (const { system, concept, filter, valueSet } of compose.include) {
    const all = system === undefined ? undefined : published.codeSystems.get(system);
    const concepts = concept ?? (all?.content === 'complete' ? filtered(all, filter) : undefined);
    if (system === undefined || concepts === undefined || valueSet !== undefined) {
      throw new Error(`Cannot expand a part of the value set ${canonical}: ${system}`);
    }
    codes[system] = [...new Set([...(codes[system] ?? []), ...flatten(concepts)])];
  }
  return codes;
}

/** Returns the concepts that a value set includes from a code system: all, or those that an `is-a` filter selects. */
function filtered(system: PublishedCodeSystem, filters: PublishedFilter[] | undefined): PublishedConcept[] | undefined {
  const { concept: concepts = [] } = system;
  if (filters === undefined) return concepts;
  const [{ property, op, value } = { property: '', op: '', value: '' }, ...others] = filters;
  if (property !== 'concept' || op !== 'is-a' || others.length > 0) return undefined;
  const all = everyConcept(concepts);
  const root = all.find(({ code }) => code === value);
  if (root === undefined) return undefined;
  const parents = (concept: PublishedConcept) => (concept.property ?? []).filter(({ code }) => code === 'subsumedBy');
  const kinds = new Set(everyConcept([root]));
  // Iterating over the set also visits what is added, so descendants at any depth are found.
  for (const kind of kinds) {
    for (const concept of all)
      if (parents(concept).some(({ valueCode }) => valueCode === kind.code)) kinds.add(concept);
    for (const concept of kind.concept ?? []) kinds.add(concept);
  }
  return [...kinds].map(({ concept, ...kind }) => kind);
}

function everyConcept(concepts: PublishedConcept[]): PublishedConcept[] {
  return concepts.flatMap((one) => [one, ...everyConcept(one.concept ?? [])]);
}

/** Returns the codes with their descendants, without headings, which may not be used. */
function flatten(concepts: PublishedConcept[]): string[] {
  return concepts.flatMap(({ code, concept, property = [] }) => {
    const isHeading = property.some((fact) => fact.code === 'notSelectable' && fact.valueBoolean === true);
    return [...(isHeading ? [] : [code]), ...flatten(concept ?? [])];
  });
}

function withoutVersion(canonical: string): string {
  return canonical.split('|')[0] ?? canonical;
}
