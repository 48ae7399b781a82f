import { Failure } from '../../resources/errors.ts';
import type { Compartment } from '../../resources/search/compartment.ts';
import { isId } from '../../resources/validate/primitives.ts';
import type { Interaction, InteractionRequest } from './interaction.ts';

/** Returns the compartment that a path names, if any. Throws `parameter` (400) for an invalid id. */
export function compartmentAt({
  compartment,
  owner,
}: Readonly<Record<string, string | undefined>>): Compartment | undefined {
  if (compartment === undefined || owner === undefined) return undefined;
  checkId(owner);
  return { of: compartment, id: owner };
}

/**
 * Returns the path by which policies judge a request. Within a compartment it is the path of the search of the type:
 * permission for every path below a Patient must not permit the resources about that Patient.
 */
export function judgedPath(path: string, compartment: Compartment | undefined): string {
  return compartment === undefined ? path : path.replace(/^\/[^/]+\/[^/]+/, '');
}

/** Throws `parameter` (400) for an invalid id. */
export function checkId(id: string): void {
  if (isId(id)) return;
  throw new Failure('parameter', 'An id must have 1 to 64 letters, digits, hyphens and dots, and not only dots.');
}

/** Throws `malformed` (400) if the body is of another type than the path; `$validate` also takes a Parameters. */
export function checkBodyType(
  { name }: Pick<Interaction, 'name'>,
  { type, body }: Pick<InteractionRequest, 'type' | 'body'>,
): void {
  const stated = body['resourceType'];
  if (stated === undefined || stated === type || (stated === 'Parameters' && name === 'validate')) return;
  const message = `The body's resourceType does not match the URL: send "${type}", or omit it.`;
  throw new Failure('malformed', message, { expression: `${type}.resourceType` });
}
