/**
 * The discovery documents: authorization server metadata (https://www.rfc-editor.org/rfc/rfc8414), keys (RFC 7517 §5)
 * and https://hl7.org/fhir/smart-app-launch/conformance.html. All are derived from the registries.
 */
import type { JsonObject } from '../../resources/json/value.ts';
import { CHALLENGE_METHOD, PROMPTS, RESPONSE_MODE, RESPONSE_TYPE } from '../authorization/request.ts';
import { CLIENT_METHODS, CLIENT_SIGNING_ALGS } from '../clients/methods/registry.ts';
import { GRANTS } from '../grants/registry.ts';
import type { Keys } from '../keys/keys.ts';
import { JWKS_MAX_AGE } from '../keys/signing-keys.ts';
import type { AuthSettings } from '../settings.ts';
import { CLAIM_NAMES, CLAIM_SCOPES } from '../tokens/id-token.ts';
import type { AuthAnswer, Endpoint } from './exchange.ts';

/** Returns the documents under `/.well-known/`, by name. */
export function metadataEndpoints(settings: AuthSettings, keys: Keys): Record<string, Endpoint> {
  const server = () => serverMetadata(settings.baseUrl);
  return {
    'jwks.json': async () => published({ keys: (await keys.jwks()).keys.map((key) => ({ ...key }) as JsonObject) }),
    'oauth-authorization-server': async () => published(server()),
    'openid-configuration': async () => published({ ...server(), ...providerMetadata(settings) }),
    'smart-configuration': async () => published(smartConfiguration(settings.baseUrl)),
  };
}

function published(body: JsonObject): AuthAnswer {
  return { status: 200, headers: { 'Cache-Control': `public, max-age=${JWKS_MAX_AGE}` }, body };
}

/** The scopes of OpenID Connect and of a launch, and SMART's for all types, in both versions of its syntax. */
const SCOPES = [
  ...['openid', ...CLAIM_SCOPES, 'launch/patient', 'offline_access'],
  ...['patient', 'user', 'system'].flatMap((context) =>
    ['cruds', 'read', 'write'].map((permission) => `${context}/*.${permission}`),
  ),
];

function serverMetadata(baseUrl: string): JsonObject {
  const methods = CLIENT_METHODS.map(({ name }) => name);
  const algs = [...CLIENT_SIGNING_ALGS];
  return {
    issuer: baseUrl,
    authorization_endpoint: `${baseUrl}/auth/authorize`,
    scopes_supported: SCOPES,
    response_types_supported: [RESPONSE_TYPE],
    response_modes_supported: [RESPONSE_MODE],
    code_challenge_methods_supported: [CHALLENGE_METHOD],
    authorization_response_iss_parameter_supported: true,
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
  };
}

/**
 * Returns the metadata that OpenID Connect adds
 * (https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderMetadata).
 */
function providerMetadata({ baseUrl, signingAlg }: AuthSettings): JsonObject {
  return {
    end_session_endpoint: `${baseUrl}/auth/logout`,
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: [signingAlg],
    claims_supported: [...CLAIM_NAMES],
    claims_parameter_supported: false,
    request_parameter_supported: false,
    // If omitted, it defaults to true.
    request_uri_parameter_supported: false,
    prompt_values_supported: [...PROMPTS],
  };
}

// The RFC 8414 metadata that https://hl7.org/fhir/smart-app-launch/conformance.html adopts.
const SHARED = [
  'issuer',
  'jwks_uri',
  'scopes_supported',
  'authorization_endpoint',
  'response_types_supported',
  'code_challenge_methods_supported',
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
    capabilities: [
      'launch-standalone',
      'authorize-post',
      'client-public',
      'client-confidential-symmetric',
      'client-confidential-asymmetric',
      'sso-openid-connect',
      'context-standalone-patient',
      'permission-offline',
      'permission-patient',
      'permission-user',
      'permission-v1',
      'permission-v2',
    ],
  };
}
