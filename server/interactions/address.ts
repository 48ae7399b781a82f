import { Failure } from '../../resources/errors.ts';
import { isId } from '../../resources/validate/primitives.ts';
import type { Interaction, InteractionRequest } from './interaction.ts';

/** Throws `parameter` for an id that none can be (400). */
export function checkAddress(
  { id, patient }: Pick<InteractionRequest, 'type' | 'id' | 'body' | 'patient'>,
  hasId: boolean,
): void {
  if ((!hasId || isId(id)) && (patient === undefined || isId(patient))) return;
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
