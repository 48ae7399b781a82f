/**
 * The package that carries HL7's definitions silently changes some of them: elements of later releases, targets of its
 * own. HL7's list of data elements, which it leaves unchanged, shows what R4 says.
 */
import type { PublishedElement, PublishedStructure } from './published.ts';

/** The id of a list entry is `de-` plus the path, and ids have at most 64 characters: longer paths are not listed. */
const LONGEST_LISTED = 61;

/** Corrections to elements with children, which are not listed either. */
const CORRECTIONS: Record<string, Partial<PublishedElement>> = {
  'EvidenceVariable.characteristic': { min: 1, constraint: [] },
};

/** Restores a structure to the elements and declarations of R4. */
export function asPublished(structure: PublishedStructure, listed: Map<string, PublishedElement>): PublishedStructure {
  const { element: elements } = structure.snapshot;
  const kept = elements.filter((element) => isGenuine(element, elements, listed));
  const missing = [...listed.values()].filter(
    ({ path }) => path.startsWith(`${structure.name}.`) && !elements.some((element) => element.path === path),
  );
  return { ...structure, snapshot: { element: [...kept, ...missing].map((element) => declared(element, listed)) } };
}

function isGenuine(
  element: PublishedElement,
  all: PublishedElement[],
  listed: ReadonlyMap<string, PublishedElement>,
): boolean {
  const { path, base, contentReference } = element;
  if (!path.includes('.') || listed.has(path) || contentReference !== undefined) return true;
  if (base !== undefined && base.path !== path) return true;
  const below = all.filter((one) => one.path.startsWith(`${path}.`) && one.base?.path === one.path);
  const leaves = below.filter((one) => !below.some((other) => other.path.startsWith(`${one.path}.`)));
  if (leaves.length === 0) return path.length > LONGEST_LISTED;
  const isUnlisted = (leaf: PublishedElement) =>
    leaf.path.length > LONGEST_LISTED || leaf.contentReference !== undefined;
  return leaves.some((leaf) => listed.has(leaf.path)) || leaves.every(isUnlisted);
}

function declared(element: PublishedElement, listed: ReadonlyMap<string, PublishedElement>): PublishedElement {
  const genuine = listed.get(element.path);
  const corrected = { ...element, ...CORRECTIONS[element.path] };
  if (genuine === undefined || element.contentReference !== undefined) return corrected;
  const { min, max, type, binding, isSummary } = genuine;
  return {
    ...corrected,
    min,
    max,
    ...(type === undefined ? {} : { type }),
    ...(binding === undefined ? {} : { binding }),
    ...(isSummary === undefined ? {} : { isSummary }),
  };
}
