/** What OpenAPI 3.1 demands of the parts that we write (https://spec.openapis.org/oas/v3.1.0), as JSON Schema. */

const record = (values: object) => ({ type: 'object', additionalProperties: values });
const content = record({ $ref: '#/definitions/media' });

const response = {
  anyOf: [
    { $ref: '#/definitions/reference' },
    {
      type: 'object',
      required: ['description'],
      additionalProperties: false,
      properties: { description: { type: 'string' }, content },
    },
  ],
};

const operation = {
  type: 'object',
  // Tools ask for a summary, though the standard does not.
  required: ['operationId', 'summary', 'responses'],
  additionalProperties: false,
  properties: {
    operationId: { type: 'string', minLength: 1 },
    summary: { type: 'string', minLength: 1, maxLength: 80 },
    tags: { type: 'array', items: { type: 'string' } },
    security: { type: 'array', items: record({ type: 'array' }) },
    parameters: { type: 'array', items: { $ref: '#/definitions/reference' } },
    requestBody: {
      type: 'object',
      required: ['content'],
      additionalProperties: false,
      properties: { required: { type: 'boolean' }, content },
    },
    responses: {
      type: 'object',
      minProperties: 1,
      propertyNames: { pattern: '^([1-5][0-9]{2}|default)$' },
      additionalProperties: response,
    },
  },
};

const parameter = {
  type: 'object',
  required: ['name', 'in', 'schema'],
  additionalProperties: false,
  properties: {
    name: { type: 'string' },
    in: { enum: ['query', 'header', 'path', 'cookie'] },
    description: { type: 'string' },
    required: { type: 'boolean' },
    style: { type: 'string' },
    explode: { type: 'boolean' },
    schema: { type: 'object' },
  },
};

export const API_SHAPE = {
  type: 'object',
  required: ['openapi', 'info', 'paths'],
  additionalProperties: false,
  properties: {
    openapi: { const: '3.1.0' },
    info: {
      type: 'object',
      required: ['title', 'version'],
      additionalProperties: false,
      properties: {
        title: { type: 'string' },
        version: { type: 'string' },
        description: { type: 'string' },
        license: {
          type: 'object',
          required: ['name'],
          additionalProperties: false,
          properties: { name: { type: 'string' }, identifier: { type: 'string' } },
        },
      },
    },
    servers: { type: 'array', items: record({ type: 'string' }) },
    security: { type: 'array', items: record({ type: 'array' }) },
    paths: {
      type: 'object',
      propertyNames: { pattern: '^/' },
      additionalProperties: {
        type: 'object',
        additionalProperties: false,
        properties: {
          parameters: { type: 'array', items: { $ref: '#/definitions/reference' } },
          servers: { type: 'array', items: record({ type: 'string' }) },
          ...Object.fromEntries(['get', 'post', 'put', 'patch', 'delete'].map((method) => [method, operation])),
        },
      },
    },
    components: {
      type: 'object',
      additionalProperties: false,
      properties: {
        parameters: record(parameter),
        schemas: record({ type: 'object' }),
        responses: record(response),
        securitySchemes: record({
          type: 'object',
          required: ['type'],
          properties: { type: { enum: ['http', 'oauth2', 'apiKey', 'openIdConnect', 'mutualTLS'] } },
        }),
      },
    },
  },
  definitions: {
    reference: {
      type: 'object',
      required: ['$ref'],
      additionalProperties: false,
      properties: { $ref: { type: 'string', pattern: '^#/' } },
    },
    media: { type: 'object', additionalProperties: false, properties: { schema: { type: 'object' } } },
  },
};
