import { KINDS } from '../search/kinds/registry.ts';
import { CODE_SYSTEMS } from '../validate/code-systems/registry.ts';

/**
 * The JSON Schema (https://json-schema.org/draft-07/schema) of a type declaration: `ResourceDefinition`
 * (../definition.ts) without what is reserved for the server's own types. The `description` next to a pattern completes
 * the sentence "… must be".
 */

const TEXT = { type: 'string', minLength: 1 };
const TEXTS = { type: 'array', items: TEXT, minItems: 1 };
const FLAG = { type: 'boolean' };

const TYPE_NAME = {
  type: 'string',
  pattern: '^[A-Z][A-Za-z]{1,63}$',
  description: 'a name of letters that starts with a capital letter, such as Ticket',
};
const ELEMENT_NAME = {
  pattern: '^(?!resourceType$)[a-z][A-Za-z0-9_]{0,63}$',
  description: 'a name that starts with a lowercase letter, other than resourceType',
};
const CODE = {
  pattern: '^[a-z][a-z0-9-]{0,63}$',
  description: 'lowercase letters, digits and hyphens, such as due-date',
};

function record(names: object, values: object): object {
  return { type: 'object', propertyNames: names, additionalProperties: values };
}

function exactly(properties: object, required: string[] = []): object {
  return { type: 'object', properties, required, additionalProperties: false };
}

const ELEMENT = exactly({
  type: TEXT,
  choice: { ...TEXTS, minItems: 2 },
  elements: record(ELEMENT_NAME, { $ref: '#/definitions/element' }),
  sameAs: TEXT,
  open: { const: true },
  base: { enum: ['BackboneElement', 'Element'] },
  min: { enum: [0, 1] },
  list: FLAG,
  targets: TEXTS,
  codes: TEXTS,
  codings: record({}, TEXTS),
  codeSystem: { enum: [...CODE_SYSTEMS.keys()] },
  minimum: { type: 'number' },
  maximum: { type: 'number' },
  maxLength: { type: 'integer', minimum: 1 },
  summary: FLAG,
});

const STEP = {
  type: ['string', 'object'],
  minLength: 1,
  properties: {
    as: TEXT,
    resolvesTo: TEXT,
    where: record({}, TEXT),
    at: { type: 'integer', minimum: 0 },
  },
  additionalProperties: false,
  minProperties: 1,
  maxProperties: 1,
};

const PARAMETER = exactly(
  {
    kind: { enum: [...Object.keys(KINDS), 'composite'] },
    paths: { type: 'array', items: { type: 'array', items: STEP }, minItems: 1 },
    targets: TEXTS,
    transform: { enum: ['exists'] },
    components: { type: 'array', items: { $ref: '#/definitions/parameter' }, minItems: 2 },
    url: TEXT,
    description: TEXT,
  },
  ['kind', 'paths'],
);

export const DECLARATION_SCHEMA = {
  ...exactly(
    {
      name: TYPE_NAME,
      kind: { const: 'resource' },
      base: { enum: ['DomainResource', 'Resource'] },
      description: TEXT,
      elements: record(ELEMENT_NAME, { $ref: '#/definitions/element' }),
      search: record(CODE, { $ref: '#/definitions/parameter' }),
      secrets: TEXTS,
    },
    ['name', 'elements'],
  ),
  definitions: { element: ELEMENT, parameter: PARAMETER },
};
