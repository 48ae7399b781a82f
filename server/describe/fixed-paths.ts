import type { JsonObject } from '../../resources/json/value.ts';

const object: JsonObject = { 'application/json': { schema: { type: 'object' } } };
const page: JsonObject = { 'text/html': { schema: { type: 'string' } } };
const text: JsonObject = { 'text/plain': { schema: { type: 'string' } } };
const form: JsonObject = { 'application/x-www-form-urlencoded': { schema: { type: 'object' } } };
const answer: JsonObject = { '200': { description: 'Done.', content: object } };
const refusal: JsonObject = { default: { description: 'Why not (RFC 6749 §5.2).', content: object } };

/** What anyone may get, or what judges its caller by what it is sent. */
function open(operationId: string, tag: string): JsonObject {
  return { get: { operationId, tags: [tag], security: [], responses: answer } };
}

function posted(operationId: string): JsonObject {
  const requestBody = { required: true, content: { ...form, ...object } };
  return {
    post: {
      operationId,
      tags: ['auth'],
      security: [{ basic: [] }, {}],
      requestBody,
      responses: { ...answer, ...refusal },
    },
  };
}

/** What a browser asks, by GET or by the form of an app or of a page. */
function paged(operationId: string, answers: JsonObject): JsonObject {
  const responses = { ...answers, default: { description: 'A page that says why not.', content: page } };
  const asked = { operationId, tags: ['auth'], security: [], responses };
  return {
    get: asked,
    post: { ...asked, operationId: `${operationId}-post`, requestBody: { required: false, content: form } },
  };
}

function userinfo(operationId: string): JsonObject {
  return { operationId, tags: ['auth'], security: [{ bearer: [] }], responses: { ...answer, ...refusal } };
}

/** What stands at an address of its own, beside the resources. */
export const FIXED_PATHS: Record<string, JsonObject> = {
  '/': {
    post: {
      operationId: 'bundle',
      tags: ['system'],
      requestBody: { required: true, content: { 'application/fhir+json': { schema: { type: 'object' } } } },
      responses: { '200': { description: 'A Bundle with what became of each entry.', content: object }, ...refusal },
    },
  },
  '/health': open('health', 'server'),
  '/metrics': {
    get: {
      operationId: 'metrics',
      tags: ['server'],
      responses: {
        '200': { description: 'What the server counts of itself.', content: text },
        ...refusal,
      },
    },
  },
  '/metadata': open('capabilities', 'server'),
  '/openapi.json': open('openapi', 'server'),
  '/.well-known/jwks.json': open('jwks', 'auth'),
  '/.well-known/oauth-authorization-server': open('oauth-authorization-server', 'auth'),
  '/.well-known/openid-configuration': open('openid-configuration', 'auth'),
  '/.well-known/smart-configuration': open('smart-configuration', 'auth'),
  '/auth/authorize': paged('authorize', {
    '200': { description: 'A page for a person.', content: page },
    '303': { description: 'Where to go on, with a code or an error.' },
  }),
  '/auth/logout': paged('logout', {
    '200': { description: 'A page on which a person signs out.', content: page },
    '303': { description: 'Where to ask again by GET.' },
  }),
  '/auth/token': posted('token'),
  '/auth/revoke': posted('revoke'),
  '/auth/introspect': posted('introspect'),
  '/auth/userinfo': { get: userinfo('userinfo'), post: userinfo('userinfo-post') },
  '/auth/keys': {
    get: { operationId: 'keys', tags: ['auth'], responses: { ...answer, ...refusal } },
    post: {
      operationId: 'rotate-keys',
      tags: ['auth'],
      requestBody: { required: false, content: object },
      responses: { '200': { description: 'The key that signs next, or now.', content: object }, ...refusal },
    },
  },
  '/Session/$revoke': {
    post: {
      operationId: 'revoke-sessions',
      tags: ['auth'],
      parameters: [{ $ref: '#/components/parameters/search' }],
      requestBody: { required: false, content: form },
      responses: { '200': { description: 'How many Sessions were ended.', content: object }, ...refusal },
    },
  },
  '/Session': {
    delete: {
      operationId: 'close-session',
      tags: ['auth'],
      security: [{ bearer: [] }],
      responses: { '204': { description: 'The session of the token is over.' }, ...refusal },
    },
  },
};
