/**
 * What operations are sent: to `$validate` a resource, or to it and others a Parameters
 * (https://hl7.org/fhir/R4/parameters.html).
 */
import { Failure } from '../../resources/errors.ts';
import { isObject, type Json, type JsonObject } from '../../resources/json/value.ts';
import type { Registry } from '../../resources/registry.ts';
import { createValidator, type Validator } from '../../resources/validate/validator.ts';

/** The parameters of the definition of `$validate`. */
const NAMES = ['resource', 'mode', 'profile'];

/** The type that the resource of a body has, where the address has none. Throws `malformed` where it says none. */
export function typeOfBody(body: JsonObject): string {
  const type = resourceOf(body)['resourceType'];
  if (typeof type === 'string') return type;
  throw new Failure('malformed', 'The resource must say its resourceType.', { expression: 'Resource.resourceType' });
}

/** The resource of a body that is one, or that is a Parameters with one. Throws `malformed` where there is none. */
export function resourceOf(body: JsonObject): JsonObject {
  if (!isEnvelope(body)) return body;
  const parameters = parametersOf(body);
  const index = parameters.findIndex((each) => isObject(each) && each['name'] === 'resource');
  const named = parameters[index];
  const resource = isObject(named) ? named['resource'] : undefined;
  if (!isObject(resource)) {
    throw new Failure('malformed', 'The Parameters must have a parameter named resource with a resource.', {
      expression: 'Parameters.parameter',
    });
  }
  if (!isEnvelope(resource)) return resource;
  throw new Failure(
    'malformed',
    'A Parameters cannot be validated inside of another: it is what a resource comes in.',
    {
      expression: `Parameters.parameter[${index}].resource`,
    },
  );
}

/** The parameters of a body that have text or a number: their names and values. */
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
 * Checks what is around the resource. Throws `malformed` with every issue of a Parameters that is none or that holds
 * two resources, and `unknown-parameter` where it has others than the operation.
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
      throw new Failure('unknown-parameter', `${expression}: there are only ${known.join(', ')} here.`, { expression });
    }
    if (name === 'resource' && names.indexOf(name) !== index) {
      throw new Failure('malformed', `${expression} is a second resource: send one at a time.`, { expression });
    }
  }
}

function isEnvelope(body: JsonObject): boolean {
  return body['resourceType'] === 'Parameters';
}

function parametersOf({ parameter }: JsonObject): Json[] {
  return Array.isArray(parameter) ? parameter : [];
}

/** The Parameters with resources that are beyond doubt: what is in the real ones is told of by itself. */
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
