import { Failure, type Issue } from '../../resources/errors.ts';
import { renderJson } from '../../resources/json/render.ts';
import { operationOutcome } from '../http/respond.ts';
import { checkEnvelope, resourceOf, statedParameters } from './envelope.ts';
import type { InteractionRequest, Result, Services } from './interaction.ts';

/**
 * `POST /{type}/$validate` and `POST /$validate`: responds 200 with every issue
 * (https://hl7.org/fhir/R4/resource-operation-validate.html). Throws `unknown-parameter` for an unsupported profile or
 * mode, because the response would seem to apply to it.
 */
export async function validate(request: InteractionRequest, { engine, registry }: Services): Promise<Result> {
  const resource = resourceOf(request.body);
  checkEnvelope(request.body, registry);
  refuseUnknown(request);
  const type = resource['resourceType'];
  if (type !== undefined && type !== request.type) {
    throw new Failure('malformed', `The resource type does not match the URL: send a ${request.type}.`, {
      expression: `${request.type}.resourceType`,
    });
  }
  await request.yieldTurn?.();
  const issues = engine.validate(request.type, resource);
  return { status: 200, text: renderJson(operationOutcome(issues.length > 0 ? issues : [VALID])) };
}

const VALID: Issue = { severity: 'information', code: 'informational', diagnostics: 'The resource is valid.' };

const MODES = ['create', 'update'];

function refuseUnknown({ type, body, parameters }: InteractionRequest): void {
  const base = `http://hl7.org/fhir/StructureDefinition/${type}`;
  const asked = [...parameters, ...statedParameters(body)];
  const other = asked.find(([name, value]) => name === 'profile' && value.replace(/\|4\.0(\.1)?$/, '') !== base);
  if (other) throw new Failure('unknown-parameter', `profile: only ${base} is supported; omit the parameter.`);
  const mode = asked.find(([name, value]) => name === 'mode' && !MODES.includes(value));
  if (mode) throw new Failure('unknown-parameter', `mode must be ${MODES.join(' or ')}.`);
}
