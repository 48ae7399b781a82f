import type { ElementDefinition, ResourceDefinition } from '../definition.ts';

const TEN_YEARS = 315_360_000;

/** Token settings of a grant: `auth.client_credentials`, `auth.password`, `auth.authorization_code`. */
const GRANT: Record<string, ElementDefinition> = {
  token_format: { type: 'code', codes: ['jwt'] },
  access_token_expiration: { type: 'positiveInt', maximum: TEN_YEARS },
  refresh_token: { type: 'boolean' },
  refresh_token_expiration: { type: 'positiveInt', maximum: TEN_YEARS },
  audience: { type: 'string', list: true },
  secret_required: { type: 'boolean' },
};

/** An application that calls the server on its own behalf or for its users (RFC 6749 §2). */
export const client: ResourceDefinition = {
  name: 'Client',
  kind: 'resource',
  description: 'An application that may request tokens and be granted access.',
  elements: {
    id: { type: 'id', summary: true },
    meta: { type: 'Meta', summary: true },
    name: { type: 'string', summary: true },
    active: { type: 'boolean', summary: true },
    secret: { type: 'string', maxLength: 1024, several: 4 },
    grant_types: {
      type: 'code',
      list: true,
      codes: ['basic', 'client_credentials', 'password', 'refresh_token', 'authorization_code'],
      summary: true,
    },
    scope: { type: 'string', list: true },
    first_party: { type: 'boolean' },
    jwks: { open: true },
    jwks_uri: { type: 'url' },
    // The audiences that this Client serves as a resource server: introspection shows it only tokens for these.
    resources: { type: 'uri', list: true },
    allowed_origins: { type: 'url', list: true },
    description: { type: 'string' },
    details: { open: true },
    auth: {
      elements: {
        client_credentials: { elements: GRANT },
        password: { elements: GRANT },
        authorization_code: {
          elements: {
            ...GRANT,
            redirect_uri: { type: 'uri' },
            redirect_uris: { type: 'uri', list: true },
            pkce: { type: 'boolean' },
          },
        },
      },
    },
  },
  search: {
    name: { kind: 'string', paths: [['name']], description: 'The name of the application' },
    'grant-type': { kind: 'token', paths: [['grant_types']], description: 'A grant that the application may use' },
    active: { kind: 'token', default: 'true', paths: [['active']], description: 'Whether the application is active' },
  },
  secrets: ['secret'],
  unique: { namespace: 'login', elements: ['id'] },
  governsAccess: true,
};
