import { Failure, type Issue } from '../../resources/errors.ts';
import { renderJson } from '../../resources/json/render.ts';
import { isObject, type JsonObject } from '../../resources/json/value.ts';
import { operationOutcome } from '../respond.ts';
import type { InteractionRequest, Result, Services } from './interaction.ts';

/**
 * `POST /{type}/$validate` and `POST /$validate`: 200 with every issue
 * (https://hl7.org/fhir/R4/resource-operation-validate.html). Throws `unknown-parameter` for a profile or a mode that
 * it cannot validate by: an answer would be taken for theirs.
 */
export async function validate(request: InteractionRequest, { engine }: Services): Promise<Result> {
  const resource = resourceOf(request.body);
  refuseUnknown(request);
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

const MODES = ['create', 'update'];

function refuseUnknown({ type, body, parameters }: InteractionRequest): void {
  const base = `http://hl7.org/fhir/StructureDefinition/${type}`;
  const asked = [...parameters, ...statedParameters(body)];
  const other = asked.find(([name, value]) => name === 'profile' && value.replace(/\|4\.0(\.1)?$/, '') !== base);
  if (other) throw new Failure('unknown-parameter', `profile: there is only ${base} here; leave it out.`);
  const mode = asked.find(([name, value]) => name === 'mode' && !MODES.includes(value));
  if (mode) throw new Failure('unknown-parameter', `mode: there are only ${MODES.join(' and ')} here.`);
}

/** The parameters of a body that have text: their names and values. */
function statedParameters({ resourceType, parameter }: JsonObject): [name: string, value: string][] {
  if (resourceType !== 'Parameters' || !Array.isArray(parameter)) return [];
  return parameter.filter(isObject).flatMap(({ name, ...rest }): [string, string][] => {
    const value = Object.values(rest).find((each) => typeof each === 'string');
    return typeof name === 'string' && value !== undefined ? [[name, value]] : [];
  });
}

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
