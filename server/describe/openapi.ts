import { isObject, type JsonObject } from '../../resources/json/value.ts';
import type { Registry } from '../../resources/registry.ts';
import { typesWithin } from '../../resources/search/compartment.ts';
import type { BodyKind } from '../formats/media-types.ts';
import type { Interaction } from '../interactions/interaction.ts';
import { INTERACTIONS } from '../interactions/registry.ts';
import { answers, bodies } from './contents.ts';
import { fixedPaths } from './fixed-paths.ts';
import { summarized } from './summaries.ts';
import { isHeader, parameterNamed, TAKEN, takenParameters } from './taken.ts';
import { VERSION } from './version.ts';

/**
 * Returns the HTTP interface as OpenAPI 3.1 (https://spec.openapis.org/oas/v3.1.0), built from the registries. Types
 * are values of one path parameter; their search parameters are in the CapabilityStatement.
 * @param base the base that was asked: the server's own base URL, which is `root`, or its FHIR base
 */
export function openApi(registry: Registry, base: string, root: string): JsonObject {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Ward',
      version: VERSION,
      license: { name: 'Apache 2.0', identifier: 'Apache-2.0' },
      description:
        `FHIR R4 resources and an authorization server. ${base}/metadata lists the search parameters. ` +
        'HEAD responds like GET, without the body; OPTIONS lists the methods of a resource address.',
    },
    servers: [{ url: base }],
    security: [{ bearer: [] }, { oauth: [] }, { basic: [] }],
    paths: withSessions(summarized({ ...fixedPaths(base, root), ...resourcePaths() })),
    components: components(registry, root),
  };
}

/**
 * Adds the operations of `/{type}` to `/Session`, since a fixed path takes precedence over the template: Sessions can
 * be searched and changed there too, but only the token endpoint creates them
 * (https://spec.openapis.org/oas/v3.1.0#path-templating-matching).
 */
function withSessions(paths: Record<string, JsonObject>): Record<string, JsonObject> {
  const { parameters, post, ...others } = paths['/{type}'] ?? {};
  const ofSessions = Object.entries(others).map(([method, told]) => {
    return [method, isObject(told) ? { ...told, operationId: `${told['operationId']}-sessions` } : told];
  });
  return { ...paths, '/Session': { ...Object.fromEntries(ofSessions), ...paths['/Session'] } };
}

function resourcePaths(): Record<string, JsonObject> {
  const paths: Record<string, JsonObject> = {};
  const taken = new Set<string>();
  for (const interaction of INTERACTIONS) {
    const path = interaction.path.replace(/:(\w+)/g, '{$1}');
    const isWithin = interaction.path.startsWith('/:compartment');
    const named = [...interaction.path.matchAll(/:(\w+)/g)].map(([, name = '']) => {
      return parameterNamed(isWithin && name === 'type' ? 'member' : name);
    });
    paths[path] = {
      ...(named.length > 0 ? { parameters: named } : {}),
      ...paths[path],
      [interaction.method]: operation(interaction, operationId(interaction, taken)),
    };
  }
  return paths;
}

/** Returns a unique id for each operation: that of its interaction, or if two share it, with the method appended. */
function operationId({ name, code, path, method }: Interaction, taken: Set<string>): string {
  const plain = code ?? (path === '/:type' ? `conditional-${name}` : name);
  const id = taken.has(plain) ? `${plain}-${method}` : plain;
  taken.add(id);
  return id;
}

function operation(interaction: Interaction, id: string): JsonObject {
  const { name, method, path, takes } = interaction;
  const isSearch = name === 'search' || (path === '/:type' && method !== 'post');
  // The parameter `search` stands for every search and result parameter.
  const taken = isSearch ? ['search', ...TAKEN[name].filter(isHeader)] : TAKEN[name];
  const parameters = taken.map(parameterNamed);
  return {
    operationId: id,
    tags: ['resources'],
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(takes === undefined ? {} : { requestBody: { required: isNeeded(takes), content: bodies(BODIES[takes]) } }),
    responses: {
      ...Object.fromEntries((SUCCESSES[name] ?? ['200']).map((status) => [status, success(name, status)])),
      default: { $ref: '#/components/responses/Failure' },
    },
  };
}

function isNeeded(takes: NonNullable<Interaction['takes']>): boolean {
  return takes === 'resource' || takes === 'patch';
}

const ID = '^(?=.*[^.])[A-Za-z0-9.-]{1,64}$';

const BODIES: Record<NonNullable<Interaction['takes']>, readonly BodyKind[]> = {
  resource: ['resource'],
  parameters: ['resource'],
  patch: ['json-patch', 'merge-patch'],
  form: ['form'],
};

const SUCCESSES: Partial<Record<Interaction['name'], readonly string[]>> = {
  read: ['200', '304'],
  vread: ['200', '304'],
  create: ['200', '201'],
  update: ['200', '201'],
  delete: ['204'],
};

const SCHEMAS: Partial<Record<Interaction['name'], string>> = {
  search: 'Bundle',
  history: 'Bundle',
  everything: 'Bundle',
  validate: 'OperationOutcome',
};

function success(name: Interaction['name'], status: string): JsonObject {
  if (status === '204') return { description: 'Deleted.' };
  if (status === '304') return { description: 'Not modified: the caller has the current version.' };
  const $ref = `#/components/schemas/${SCHEMAS[name] ?? 'Resource'}`;
  return { description: status === '201' ? 'Created.' : 'Success.', content: answers({ $ref }) };
}

function components(registry: Registry, root: string): JsonObject {
  const compartments = registry.compartments();
  return {
    parameters: {
      type: inPath('type', { enum: registry.names() }),
      member: inPath('type', { enum: [...new Set(compartments.flatMap((of) => typesWithin(registry, of)))] }),
      compartment: inPath('compartment', { enum: compartments }),
      owner: inPath('owner', { pattern: ID }),
      id: inPath('id', { pattern: ID }),
      version: inPath('version', { pattern: '^[1-9][0-9]*$' }),
      search: {
        name: 'search',
        in: 'query',
        description: 'The search parameters of the type, with their modifiers, and the result parameters.',
        style: 'form',
        explode: true,
        schema: { type: 'object', additionalProperties: { type: 'string' } },
      },
      ...takenParameters(),
    },
    schemas: {
      Resource: resourceSchema({ type: 'string' }),
      Bundle: resourceSchema({ const: 'Bundle' }),
      OperationOutcome: resourceSchema({ const: 'OperationOutcome' }),
    },
    responses: {
      Failure: {
        description: 'Failure; the OperationOutcome says why.',
        content: answers({ $ref: '#/components/schemas/OperationOutcome' }),
      },
    },
    securitySchemes: securitySchemes(root),
  };
}

function securitySchemes(root: string): JsonObject {
  const tokenUrl = `${root}/auth/token`;
  const refreshed = { tokenUrl, refreshUrl: tokenUrl, scopes: {} };
  return {
    bearer: { type: 'http', scheme: 'bearer' },
    basic: { type: 'http', scheme: 'basic' },
    oauth: {
      type: 'oauth2',
      flows: {
        authorizationCode: { authorizationUrl: `${root}/auth/authorize`, ...refreshed },
        clientCredentials: { tokenUrl, scopes: {} },
        password: refreshed,
      },
    },
  };
}

function inPath(name: string, schema: JsonObject): JsonObject {
  return { name, in: 'path', required: true, schema: { type: 'string', ...schema } };
}

function resourceSchema(resourceType: JsonObject): JsonObject {
  return {
    type: 'object',
    required: ['resourceType'],
    properties: { resourceType, id: { type: 'string' }, meta: { type: 'object' } },
    additionalProperties: true,
  };
}
