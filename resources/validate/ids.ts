/** Ids of elements, used for references within a resource (https://hl7.org/fhir/R4/element.html). */
import type { Check } from './run.ts';

const plainId: Check = (value, run) => {
  if (typeof value === 'string' && /\s/.test(value)) run.report('value', 'must not have spaces');
};

const distinctId: Check = (value, run) => {
  if (typeof value !== 'string' || run.container.take(value)) return;
  run.report('value', 'must not be the id of another element of the resource');
};

/** Returns the checks of an element's id for a type: no spaces, and unique in the resource. */
export function idChecks(type: string): Check[] {
  // Snapshot and differential of a StructureDefinition describe one element by the same id.
  return type === 'ElementDefinition' ? [plainId] : [plainId, distinctId];
}
