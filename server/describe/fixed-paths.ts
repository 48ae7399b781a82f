import type { JsonObject } from '../../resources/json/value.ts';
import { JWK_SET } from '../formats/media-types.ts';
import { answers, bodies, plainAnswers, plainBodies } from './contents.ts';
import { parameterNamed, TAKEN } from './taken.ts';

const FORMAT = [parameterNamed('_format')];
const object: JsonObject = { 'application/json': { schema: { type: 'object' } } };
const page: JsonObject = { 'text/html': { schema: { type: 'string' } } };
const text: JsonObject = { 'text/plain': { schema: { type: 'string' } } };
const form: JsonObject = { 'application/x-www-form-urlencoded': { schema: { type: 'object' } } };
const anything = { type: 'object' };
const told: JsonObject = { '200': { description: 'Success.', content: object } };
const answer: JsonObject = { '200': { description: 'Success.', content: plainAnswers(anything) } };
/** Error responses, under `/auth` and elsewhere. */
const refusal: JsonObject = { default: { description: 'Error (RFC 6749 §5.2).', content: object } };
const failure: JsonObject = { default: { $ref: '#/components/responses/Failure' } };
const resource = answers({ $ref: '#/components/schemas/Resource' });
const bundle = answers({ $ref: '#/components/schemas/Bundle' });

/** Describes a public GET. */
function open(operationId: string, tag: string, responses: JsonObject = { ...told, ...failure }): { get: JsonObject } {
  return { get: { operationId, tags: [tag], security: [], responses } };
}

/** Describes issuer metadata; `own` are additional media types of the document. */
function wellKnown(operationId: string, own: JsonObject = {}): JsonObject {
  const content = { ...plainAnswers(anything), ...own };
  const { get } = open(operationId, 'auth', { '200': { description: 'Success.', content }, ...failure });
  return { get: { ...get, parameters: FORMAT } };
}

/** Describes a POST that takes credentials in its body. */
function posted(operationId: string): JsonObject {
  const requestBody = { required: true, content: plainBodies(['form', 'resource']) };
  return {
    post: {
      operationId,
      tags: ['auth'],
      parameters: FORMAT,
      security: [{ basic: [] }, {}],
      requestBody,
      responses: { ...answer, ...refusal },
    },
  };
}

/** Describes a page for browsers, which takes GET and a form of an app or of the page itself. */
function paged(operationId: string, told: JsonObject): JsonObject {
  const responses = { ...told, default: { description: 'An error page.', content: page } };
  const asked = { operationId, tags: ['auth'], security: [], responses };
  return {
    get: asked,
    post: { ...asked, operationId: `${operationId}-post`, requestBody: { required: false, content: form } },
  };
}

function userinfo(operationId: string): JsonObject {
  return {
    operationId,
    tags: ['auth'],
    parameters: FORMAT,
    security: [{ bearer: [] }],
    responses: { ...answer, ...refusal },
  };
}

/** Paths of the issuer, which exist at the root only. */
const OF_ISSUER = /^\/(?:auth|\.well-known(?!\/smart-configuration$))\//;

/** Returns the paths besides those of resources, as the description of a base lists them. */
export function fixedPaths(base: string, root: string): Record<string, JsonObject> {
  if (base === root) return FIXED_PATHS;
  const elsewhere = { servers: [{ url: root }] };
  const named = Object.entries(FIXED_PATHS).map(([path, item]) => [
    path,
    OF_ISSUER.test(path) ? { ...elsewhere, ...item } : item,
  ]);
  return Object.fromEntries(named);
}

const FIXED_PATHS: Record<string, JsonObject> = {
  '/': {
    post: {
      operationId: 'bundle',
      tags: ['system'],
      parameters: ['_format', '_pretty', 'Prefer'].map(parameterNamed),
      requestBody: { required: true, content: bodies(['resource']) },
      responses: { '200': { description: 'A Bundle with the result of each entry.', content: bundle }, ...failure },
    },
  },
  '/health': open('health', 'server', {
    ...told,
    '503': { description: 'The database is unavailable.', content: object },
  }),
  '/metrics': {
    get: {
      operationId: 'metrics',
      tags: ['server'],
      responses: {
        '200': { description: 'Metrics in Prometheus format.', content: text },
        ...failure,
      },
    },
  },
  '/metadata': {
    get: {
      ...open('capabilities', 'server', { '200': { description: 'Success.', content: resource }, ...failure }).get,
      parameters: ['_format', '_pretty'].map(parameterNamed),
    },
  },
  '/openapi.json': open('openapi', 'server'),
  '/.well-known/jwks.json': wellKnown('jwks', { [JWK_SET.mediaType]: { schema: anything } }),
  '/.well-known/oauth-authorization-server': wellKnown('oauth-authorization-server'),
  '/.well-known/openid-configuration': wellKnown('openid-configuration'),
  '/.well-known/smart-configuration': wellKnown('smart-configuration'),
  '/auth/authorize': paged('authorize', {
    '200': { description: 'A sign-in page.', content: page },
    '303': { description: 'Redirect to the app, with a code or an error.' },
  }),
  '/auth/logout': paged('logout', {
    '200': { description: 'A page to sign out.', content: page },
    '303': { description: 'Redirect to the same request by GET.' },
  }),
  '/auth/token': posted('token'),
  '/auth/revoke': posted('revoke'),
  '/auth/introspect': posted('introspect'),
  '/auth/userinfo': { get: userinfo('userinfo'), post: userinfo('userinfo-post') },
  '/auth/keys': {
    get: { operationId: 'keys', tags: ['auth'], parameters: FORMAT, responses: { ...answer, ...refusal } },
    post: {
      operationId: 'rotate-keys',
      tags: ['auth'],
      parameters: FORMAT,
      requestBody: { required: false, content: plainBodies(['resource']) },
      responses: {
        '200': { description: 'The key that signs next, or from now on.', content: plainAnswers(anything) },
        ...refusal,
      },
    },
  },
  '/Session/$revoke': {
    post: {
      operationId: 'revoke-sessions',
      tags: ['auth'],
      parameters: [parameterNamed('search')],
      requestBody: { required: false, content: form },
      responses: { '200': { description: 'The number of Sessions that were ended.', content: resource }, ...failure },
    },
  },
  '/Session': {
    delete: {
      operationId: 'close-session',
      tags: ['auth'],
      parameters: ['search', ...TAKEN.delete].map(parameterNamed),
      responses: { '204': { description: 'The Session has ended.' }, ...failure },
    },
  },
};
