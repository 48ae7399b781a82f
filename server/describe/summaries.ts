import { isObject, type JsonObject } from '../../resources/json/value.ts';

/** The summary of each operation, by id; tools show them in their lists. */
const SUMMARIES: Readonly<Record<string, string>> = {
  bundle: 'Do a batch or a transaction',
  health: 'Tell whether the database answers',
  metrics: 'Tell what the server counts, for Prometheus',
  capabilities: 'Tell what the server does, as a CapabilityStatement',
  openapi: 'Tell the interface, as OpenAPI',
  jwks: 'Tell the keys that tokens are signed with',
  'oauth-authorization-server': 'Tell the metadata of the authorization server',
  'openid-configuration': 'Tell the metadata of the OpenID provider',
  'smart-configuration': 'Tell the metadata that SMART apps look for',
  authorize: 'Ask a person to let an app in',
  'authorize-post': 'Ask a person to let an app in, or take what the person answers',
  logout: 'Ask a person whether to sign out of the browser',
  'logout-post': 'Sign a person out of the browser',
  token: 'Give tokens',
  revoke: 'End the Session of a token',
  introspect: 'Tell what a token is',
  userinfo: 'Tell who is behind a token',
  'userinfo-post': 'Tell who is behind a token',
  keys: 'List the signing keys',
  'rotate-keys': 'Make the next signing key',
  'revoke-sessions': 'End all Sessions that a search finds',
  'close-session': 'End the Session of the token, or with a query delete the one that it finds',
  'history-system': 'Read the history of all types',
  'history-type': 'Read the history of a type',
  'history-instance': 'Read the history of a resource',
  vread: 'Read a version of a resource',
  'search-type': 'Search a type by a form',
  'search-type-get': 'Search a type',
  everything: 'Read a resource and all that is in its compartment',
  'everything-post': 'Read a resource and all that is in its compartment, by a Parameters',
  search: 'Search a type in a compartment',
  'search-post': 'Search a type in a compartment by a form',
  validate: 'Validate a resource',
  'validate-post': 'Validate a resource of a type',
  create: 'Create a resource, unless a condition finds one',
  'conditional-update': 'Update the resource that a search finds, or create it',
  'conditional-patch': 'Patch the resource that a search finds',
  'conditional-delete': 'Delete the resource that a search finds',
  read: 'Read a resource',
  update: 'Update a resource, or create it',
  patch: 'Patch a resource',
  delete: 'Delete a resource',
};

/** Adds its summary to each operation. */
export function summarized(paths: Record<string, JsonObject>): Record<string, JsonObject> {
  return Object.fromEntries(
    Object.entries(paths).map(([path, item]) => {
      const members = Object.entries(item).map(([name, value]) => {
        const summary = isObject(value) ? SUMMARIES[String(value['operationId'])] : undefined;
        return [name, summary === undefined || !isObject(value) ? value : { summary, ...value }];
      });
      return [path, Object.fromEntries(members)];
    }),
  );
}
