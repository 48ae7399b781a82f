/** Ids of elements, by which others refer to them within the resource (https://hl7.org/fhir/R4/element.html). */
import type { Check } from './run.ts';

const plainId: Check = (value, run) => {
  if (typeof value === 'string' && /\s/.test(value)) run.report('value', 'must be without spaces');
};

const distinctId: Check = (value, run) => {
  if (typeof value !== 'string' || run.container.take(value)) return;
  run.report('value', 'must not be the id of another element of the resource');
};

/** The checks of the id of an element of a type: no spaces, and no other of the resource has it. */
export function idChecks(type: string): Check[] {
  // The two views of a StructureDefinition tell of one element by one id.
  return type === 'ElementDefinition' ? [plainId] : [plainId, distinctId];
}
