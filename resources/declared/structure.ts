import { Ajv, type ErrorObject } from 'ajv';
import type { ResourceDefinition } from '../definition.ts';
import { renderJson } from '../json/render.ts';
import type { Json } from '../json/value.ts';
import { DECLARATION_SCHEMA } from './schema.ts';

/** A fault of a declaration: its place (`elements.title.min`, empty for the whole) and a message. */
export interface Fault {
  place: string;
  message: string;
}

/** Checks a declaration against the schema; returns its definition or its faults. */
export function readStructure(value: Json): { definition: ResourceDefinition } | { faults: Fault[] } {
  const ajv = new Ajv({ allErrors: true, verbose: true, strict: true, allowUnionTypes: true });
  // Converts each Decimal to a plain number.
  const plain: unknown = JSON.parse(renderJson(value));
  if (!ajv.validate(DECLARATION_SCHEMA, plain)) return { faults: (ajv.errors ?? []).flatMap(faultOf) };
  // The schema guarantees the type, except for properties with a default.
  const declared = plain as ResourceDefinition;
  return {
    definition: {
      ...declared,
      base: declared.base ?? 'DomainResource',
      kind: 'resource',
      search: declared.search ?? {},
    },
  };
}

type Say = (error: ErrorObject) => string;

const quoted = (values: readonly unknown[]) => values.map((value) => JSON.stringify(value)).join(', ');

/** The message for each keyword of the schema. */
const MESSAGES: Record<string, Say> = {
  additionalProperties: ({ params, parentSchema }) => {
    const known = Object.keys((parentSchema?.['properties'] as object | undefined) ?? {});
    return `must not have ${JSON.stringify(params['additionalProperty'])}; it can have ${known.join(', ')}`;
  },
  required: ({ params }) => `must have ${String(params['missingProperty'])}`,
  enum: ({ params }) => `must be one of ${quoted(params['allowedValues'])}`,
  const: ({ params }) => `must be ${JSON.stringify(params['allowedValue'])}, or omitted`,
  pattern: ({ parentSchema }) => `must be ${String(parentSchema?.['description'])}`,
  type: ({ params }) =>
    params['type'] === 'string' ? 'must be a string: put it in quotes' : `must be of type ${String(params['type'])}`,
  minItems: ({ params }) => `must have at least ${String(params['limit'])}`,
  minLength: () => 'must not be empty',
  minProperties: () => 'must have one of as, resolvesTo, where, at',
  maxProperties: () => 'must have only one of as, resolvesTo, where, at',
};

function faultOf(error: ErrorObject): Fault[] {
  // The keyword that the name violates reports it.
  if (error.keyword === 'propertyNames') return [];
  const steps = error.instancePath.split('/').slice(1);
  const named = error.propertyName === undefined ? steps : [...steps, error.propertyName];
  const say = MESSAGES[error.keyword];
  return [{ place: placeOf(named), message: say?.(error) ?? error.message ?? 'is not valid' }];
}

/** `elements.title`, `search.due.paths[0]`. */
function placeOf(steps: readonly string[]): string {
  return steps.reduce(
    (text, step) => (/^\d+$/.test(step) ? `${text}[${step}]` : text === '' ? step : `${text}.${step}`),
    '',
  );
}
