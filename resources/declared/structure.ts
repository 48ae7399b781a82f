import { Ajv, type ErrorObject } from 'ajv';
import type { ResourceDefinition } from '../definition.ts';
import { renderJson } from '../json/render.ts';
import type { Json } from '../json/value.ts';
import { DECLARATION_SCHEMA } from './schema.ts';

/** Something wrong with a declaration: where it stands (`elements.title.min`, empty for the whole) and what it is. */
export interface Fault {
  place: string;
  message: string;
}

/** A declaration as it was meant, or what is wrong with its form. */
export function readStructure(value: Json): { definition: ResourceDefinition } | { faults: Fault[] } {
  const ajv = new Ajv({ allErrors: true, verbose: true, strict: true, allowUnionTypes: true });
  // A number that keeps its digits is a number here.
  const plain: unknown = JSON.parse(renderJson(value));
  if (!ajv.validate(DECLARATION_SCHEMA, plain)) return { faults: (ajv.errors ?? []).flatMap(faultOf) };
  // The schema says that it is one but for what has a default.
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

/** What each rule of the schema says to whoever broke it. */
const MESSAGES: Record<string, Say> = {
  additionalProperties: ({ params, parentSchema }) => {
    const known = Object.keys((parentSchema?.['properties'] as object | undefined) ?? {});
    return `has no ${JSON.stringify(params['additionalProperty'])}; it takes ${known.join(', ')}`;
  },
  required: ({ params }) => `needs ${String(params['missingProperty'])}`,
  enum: ({ params }) => `must be one of ${quoted(params['allowedValues'])}`,
  const: ({ params }) => `must be ${JSON.stringify(params['allowedValue'])}, or left out`,
  pattern: ({ parentSchema }) => `must be ${String(parentSchema?.['description'])}`,
  type: ({ params }) =>
    params['type'] === 'string' ? 'must be text: put it in quotes' : `must be of type ${String(params['type'])}`,
  minItems: ({ params }) => `must have at least ${String(params['limit'])}`,
  minLength: () => 'must not be empty',
  minProperties: () => 'must say one of as, resolvesTo, where, at',
  maxProperties: () => 'must say only one of as, resolvesTo, where, at',
};

function faultOf(error: ErrorObject): Fault[] {
  // What is wrong with a name is said by the rule that the name broke.
  if (error.keyword === 'propertyNames') return [];
  const steps = error.instancePath.split('/').slice(1);
  const named = error.propertyName === undefined ? steps : [...steps, error.propertyName];
  const say = MESSAGES[error.keyword];
  return [{ place: placeOf(named), message: say?.(error) ?? error.message ?? 'is wrong' }];
}

/** `elements.title`, `search.due.paths[0]`. */
function placeOf(steps: readonly string[]): string {
  return steps.reduce(
    (text, step) => (/^\d+$/.test(step) ? `${text}[${step}]` : text === '' ? step : `${text}.${step}`),
    '',
  );
}
