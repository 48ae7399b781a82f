import { Failure } from '../../resources/errors.ts';
import type { InteractionRequest } from './interaction.ts';

const ID = /^(?=.*[^.])[A-Za-z0-9.-]{1,64}$/;

/** Throws `parameter` for an id that none can be and `malformed` for a body that is of another type (400). */
export function checkAddress(
  { type, id, body }: Pick<InteractionRequest, 'type' | 'id' | 'body'>,
  hasId: boolean,
): void {
  if (hasId && !ID.test(id)) {
    throw new Failure('parameter', 'An id has 1 to 64 letters, digits, hyphens and dots, and not dots alone.');
  }
  const stated = body['resourceType'];
  if (stated !== undefined && stated !== type && stated !== 'Parameters') {
    const message = `The body's resourceType differs from the address: send "${type}", or leave it out.`;
    throw new Failure('malformed', message, { expression: `${type}.resourceType` });
  }
}
