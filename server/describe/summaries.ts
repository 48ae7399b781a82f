import { isObject, type JsonObject } from '../../resources/json/value.ts';

/** The summary of each operation, by id; tools show them in their lists. */
const SUMMARIES: Readonly<Record<string, string>> = {
  bundle: 'Process a batch or transaction',
  health: 'Check that the database is available',
  metrics: 'Get metrics, for Prometheus',
  capabilities: 'Get the CapabilityStatement',
  openapi: 'Get this OpenAPI document',
  jwks: 'Get the public keys of tokens (JWKS)',
  'oauth-authorization-server': 'Get the metadata of the authorization server',
  'openid-configuration': 'Get the metadata of the OpenID provider',
  'smart-configuration': 'Get the SMART configuration',
  authorize: 'Ask the user to sign in and authorize an app',
  'authorize-post': 'Ask the user to authorize an app, or submit the form of the page',
  logout: 'Ask the user whether to sign out',
  'logout-post': 'Sign the user out of this browser',
  token: 'Issue tokens',
  revoke: 'Revoke a token by ending its Session',
  introspect: 'Introspect a token',
  userinfo: 'Get the User or Client of the token',
  'userinfo-post': 'Get the User or Client of the token',
  keys: 'List the signing keys',
  'rotate-keys': 'Create the next signing key',
  'revoke-sessions': 'End all Sessions that match a search',
  'close-session': 'End the Session of the token, or delete the Session that a query matches',
  'history-system': 'Read the history of all types',
  'history-type': 'Read the history of a type',
  'history-instance': 'Read the history of a resource',
  vread: 'Read a version of a resource',
  'search-type': 'Search a type with a form',
  'search-type-get': 'Search a type',
  everything: 'Read a resource and its compartment',
  'everything-post': 'Read a resource and its compartment, with Parameters',
  search: 'Search a type in a compartment',
  'search-post': 'Search a type in a compartment with a form',
  validate: 'Validate a resource',
  'validate-post': 'Validate a resource of a type',
  create: 'Create a resource, unless a condition matches one',
  'conditional-update': 'Update the resource that matches a search, or create it',
  'conditional-patch': 'Patch the resource that matches a search',
  'conditional-delete': 'Delete the resource that matches a search',
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
