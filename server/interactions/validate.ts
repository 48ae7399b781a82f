import { Failure, type Issue } from '../../resources/errors.ts';
import { renderJson } from '../../resources/json/render.ts';
import { isObject, type JsonObject } from '../../resources/json/value.ts';
import { operationOutcome } from '../respond.ts';
import type { InteractionRequest, Result, Services } from './interaction.ts';

/**
 * `POST /{type}/$validate` and `POST /$validate`: 200 with every issue
 * (https://hl7.org/fhir/R4/resource-operation-validate.html).
 */
export async function validate(request: InteractionRequest, { engine }: Services): Promise<Result> {
  const resource = resourceOf(request.body);
  const type = resource['resourceType'];
  if (type !== undefined && type !== request.type) {
    throw new Failure('malformed', `The resource is not of the type of the address: send a ${request.type}.`, {
      expression: `${request.type}.resourceType`,
    });
  }
  const issues = engine.validate(request.type, resource);
  return { status: 200, text: renderJson(operationOutcome(issues.length > 0 ? issues : [VALID])) };
}

const VALID: Issue = { severity: 'information', code: 'informational', diagnostics: 'The resource is valid.' };

/** The type that the resource of a body has, where the address has none. Throws `malformed` where it says none. */
export function typeOfBody(body: JsonObject): string {
  const type = resourceOf(body)['resourceType'];
  if (typeof type === 'string') return type;
  throw new Failure('malformed', 'The resource must say its resourceType.', { expression: 'Resource.resourceType' });
}

/** The resource of a body that is one, or that is a Parameters with one. */
export function resourceOf(body: JsonObject): JsonObject {
  if (body['resourceType'] !== 'Parameters') return body;
  const parameters = Array.isArray(body['parameter']) ? body['parameter'] : [];
  const named = parameters.filter(isObject).find(({ name }) => name === 'resource');
  const resource = named?.['resource'];
  if (isObject(resource)) return resource;
  throw new Failure('malformed', 'The Parameters must have a parameter named resource with a resource.', {
    expression: 'Parameters.parameter',
  });
}
