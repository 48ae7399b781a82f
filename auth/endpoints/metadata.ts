/**
 * What the server tells of itself: authorization server metadata (https://www.rfc-editor.org/rfc/rfc8414), its
 * keys (RFC 7517 §5) and https://hl7.org/fhir/smart-app-launch/conformance.html. All of it follows from the registries.
 */
import type { JsonObject } from '../../resources/json/value.ts';
import { CLIENT_METHODS, CLIENT_SIGNING_ALGS } from '../client-methods/registry.ts';
import { GRANTS } from '../grants/registry.ts';
import type { Keys } from '../keys.ts';
import type { AuthSettings } from '../settings.ts';
import { JWKS_MAX_AGE } from '../signing-keys.ts';
import type { AuthAnswer, Endpoint } from './exchange.ts';

/** The documents under `/.well-known/`, by their names. */
export function metadataEndpoints(settings: AuthSettings, keys: Keys): Record<string, Endpoint> {
  const server = () => published(serverMetadata(settings.baseUrl));
  return {
    'jwks.json': async () => published({ keys: (await keys.jwks()).keys.map((key) => ({ ...key }) as JsonObject) }),
    'oauth-authorization-server': async () => server(),
    // Stock clients ask here first. It claims no OpenID Provider: there is no authorization endpoint.
    'openid-configuration': async () => server(),
    'smart-configuration': async () => published(smartConfiguration(settings.baseUrl)),
  };
}

function published(body: JsonObject): AuthAnswer {
  return { status: 200, headers: { 'Cache-Control': `public, max-age=${JWKS_MAX_AGE}` }, body };
}

function serverMetadata(baseUrl: string): JsonObject {
  const methods = CLIENT_METHODS.map(({ name }) => name);
  const algs = [...CLIENT_SIGNING_ALGS];
  return {
    issuer: baseUrl,
    token_endpoint: `${baseUrl}/auth/token`,
    token_endpoint_auth_methods_supported: [...methods, 'none'],
    token_endpoint_auth_signing_alg_values_supported: algs,
    revocation_endpoint: `${baseUrl}/auth/revoke`,
    revocation_endpoint_auth_methods_supported: [...methods, 'none'],
    revocation_endpoint_auth_signing_alg_values_supported: algs,
    introspection_endpoint: `${baseUrl}/auth/introspect`,
    introspection_endpoint_auth_methods_supported: methods,
    introspection_endpoint_auth_signing_alg_values_supported: algs,
    userinfo_endpoint: `${baseUrl}/auth/userinfo`,
    jwks_uri: `${baseUrl}/.well-known/jwks.json`,
    grant_types_supported: GRANTS.map(({ name }) => name),
    // Required by RFC 8414 §2, and empty because nothing is authorized in a browser.
    response_types_supported: [],
  };
}

// What https://hl7.org/fhir/smart-app-launch/conformance.html takes over from RFC 8414.
const SHARED = [
  'issuer',
  'jwks_uri',
  'token_endpoint',
  'token_endpoint_auth_methods_supported',
  'token_endpoint_auth_signing_alg_values_supported',
  'grant_types_supported',
  'introspection_endpoint',
  'revocation_endpoint',
];

function smartConfiguration(baseUrl: string): JsonObject {
  const metadata = Object.entries(serverMetadata(baseUrl)).filter(([name]) => SHARED.includes(name));
  return {
    ...Object.fromEntries(metadata),
    scopes_supported: [
      'user/*.cruds',
      'user/*.read',
      'user/*.write',
      'system/*.cruds',
      'system/*.read',
      'system/*.write',
    ],
    capabilities: [
      'client-public',
      'client-confidential-symmetric',
      'client-confidential-asymmetric',
      'permission-user',
      'permission-v1',
      'permission-v2',
    ],
  };
}
