/**
 * Bodies of operations: a Parameters (https://hl7.org/fhir/R4/parameters.html), or for `$validate` just the resource.
 */
import { Failure } from '../../resources/errors.ts';
import { isObject, type Json, type JsonObject } from '../../resources/json/value.ts';
import type { Registry } from '../../resources/registry.ts';
import { createValidator, type Validator } from '../../resources/validate/validator.ts';

/** The parameters of the definition of `$validate`. */
const NAMES = ['resource', 'mode', 'profile'];

/** Returns the type of the resource in a body, if the path has none. Throws `malformed` if it has no resourceType. */
export function typeOfBody(body: JsonObject): string {
  const type = resourceOf(body)['resourceType'];
  if (typeof type === 'string') return type;
  throw new Failure('malformed', 'The resource must have a resourceType.', { expression: 'Resource.resourceType' });
}

/** Returns the resource of a body: the body itself, or the one in a Parameters. Throws `malformed` if there is none. */
export function resourceOf(body: JsonObject): JsonObject {
  if (!isEnvelope(body)) return body;
  const parameters = parametersOf(body);
  const index = parameters.findIndex((each) => isObject(each) && each['name'] === 'resource');
  const named = parameters[index];
  const resource = isObject(named) ? named['resource'] : undefined;
  if (!isObject(resource)) {
    throw new Failure('malformed', 'The Parameters must have a parameter named resource that contains a resource.', {
      expression: 'Parameters.parameter',
    });
  }
  if (!isEnvelope(resource)) return resource;
  throw new Failure('malformed', 'A Parameters cannot be validated inside another Parameters.', {
    expression: `Parameters.parameter[${index}].resource`,
  });
}

/** Returns the names and values of the parameters in a body whose value is a string or a number. */
export function statedParameters(body: JsonObject): [name: string, value: string][] {
  if (!isEnvelope(body)) return [];
  return parametersOf(body)
    .filter(isObject)
    .flatMap(({ name, ...rest }): [string, string][] => {
      const value = Object.values(rest).find((each) => typeof each === 'string' || typeof each === 'number');
      return typeof name === 'string' && value !== undefined ? [[name, String(value)]] : [];
    });
}

/**
 * Validates a Parameters without its resource. Throws `malformed` with every issue, or for a second resource, and
 * `unknown-parameter` for a parameter that the operation does not have.
 */
export function checkEnvelope(body: JsonObject, registry: Registry, known: readonly string[] = NAMES): void {
  if (!isEnvelope(body)) return;
  const issues = validatorOf(registry).validate('Parameters', emptied(body));
  const [first] = issues;
  if (first !== undefined) throw new Failure('malformed', first.diagnostics, { issues });
  const names = parametersOf(body).map((each) => (isObject(each) ? each['name'] : undefined));
  for (const [index, name] of names.entries()) {
    const expression = `Parameters.parameter[${index}]`;
    if (!known.includes(String(name))) {
      throw new Failure('unknown-parameter', `${expression}: unknown parameter; use ${known.join(', ')}.`, {
        expression,
      });
    }
    if (name === 'resource' && names.indexOf(name) !== index) {
      throw new Failure('malformed', `${expression} is a second resource: send only one.`, { expression });
    }
  }
}

function isEnvelope(body: JsonObject): boolean {
  return body['resourceType'] === 'Parameters';
}

function parametersOf({ parameter }: JsonObject): Json[] {
  return Array.isArray(parameter) ? parameter : [];
}

/** Replaces the resources in a Parameters by valid ones: the real ones are validated separately. */
function emptied(body: JsonObject): JsonObject {
  const { parameter } = body;
  if (!Array.isArray(parameter)) return body;
  const around = (each: Json): Json =>
    isObject(each) && each['resource'] !== undefined ? { ...each, resource: { resourceType: 'Parameters' } } : each;
  return { ...body, parameter: parameter.map(around) };
}

const validators = new WeakMap<Registry, Validator>();

function validatorOf(registry: Registry): Validator {
  const validator = validators.get(registry) ?? createValidator(registry);
  validators.set(registry, validator);
  return validator;
}
