import { Failure } from '../../resources/errors.ts';
import type { Compartment } from '../../resources/search/compartment.ts';
import { isId } from '../../resources/validate/primitives.ts';
import type { Interaction, InteractionRequest } from './interaction.ts';

/** The compartment that the parts of an address name, if any. Throws `parameter` for an id that none can be (400). */
export function compartmentAt({
  compartment,
  owner,
}: Readonly<Record<string, string | undefined>>): Compartment | undefined {
  if (compartment === undefined || owner === undefined) return undefined;
  checkId(owner);
  return { of: compartment, id: owner };
}

/**
 * The path by which policies judge a request. Within a compartment it is that of the search of the type: whoever is let
 * to whatever stands below a Patient's address is not thereby let to what is about the Patient.
 */
export function judgedPath(path: string, compartment: Compartment | undefined): string {
  return compartment === undefined ? path : path.replace(/^\/[^/]+\/[^/]+/, '');
}

/** Throws `parameter` for an id that none can be (400). */
export function checkId(id: string): void {
  if (isId(id)) return;
  throw new Failure('parameter', 'An id has 1 to 64 letters, digits, hyphens and dots, and not dots alone.');
}

/** Throws `malformed` for a body of another type than its address (400); a validation takes a Parameters, too. */
export function checkBodyType(
  { name }: Pick<Interaction, 'name'>,
  { type, body }: Pick<InteractionRequest, 'type' | 'body'>,
): void {
  const stated = body['resourceType'];
  if (stated === undefined || stated === type || (stated === 'Parameters' && name === 'validate')) return;
  const message = `The body's resourceType differs from the address: send "${type}", or leave it out.`;
  throw new Failure('malformed', message, { expression: `${type}.resourceType` });
}
