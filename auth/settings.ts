import type { JsonObject } from '../resources/json/value.ts';
import { isObject } from '../resources/json/value.ts';

/** The algorithms that tokens are signed with (RFC 7518 §3.1, RFC 8037 §3.1). */
export const SIGNING_ALGS = ['RS256', 'ES256', 'EdDSA'] as const;

export type SigningAlg = (typeof SIGNING_ALGS)[number];

/** What the auth module is told about the server it belongs to. */
export interface AuthSettings {
  /** The public address and token issuer, without a trailing slash. */
  baseUrl: string;
  /** Further `aud` values that this server answers to. */
  audience: readonly string[];
  /** Seconds, where the Client does not say. */
  accessTokenExpiration: number;
  /** Seconds since issue or last use, where the Client does not say. */
  refreshTokenExpiration: number;
  /** Seconds that a Session is kept after it is over. */
  sessionRetention: number;
  /** Seconds that the server's own AuditEvents are kept; 0 where none are made. */
  auditRetention: number;
  signingAlg: SigningAlg;
  /** Seconds that a Session may live for, however often it is refreshed; absent for no such limit. */
  sessionMaxAge?: number | undefined;
  /** True where the `jwks_uri` of a Client may be plain http and inside one's own network. */
  privateJwksUris: boolean;
}

/** What a Client sets for the tokens of one grant: `Client.auth.<grant>`, with the server's defaults. */
export interface GrantSettings {
  format: 'opaque' | 'jwt';
  /** Seconds. */
  accessTokenExpiration: number;
  /** True where the grant gives refresh tokens. */
  refreshable: boolean;
  /** Seconds. */
  refreshTokenExpiration: number;
  /** The audiences that may be asked for, the first being the default; empty means any. */
  audience: string[];
  /** False where a confidential Client may leave its authentication out. */
  secretRequired: boolean;
}

/** The settings of a Client for a grant. */
export function grantSettings(client: JsonObject, grant: string, defaults: AuthSettings): GrantSettings {
  const auth = isObject(client['auth']) ? client['auth'] : {};
  const chosen = auth[grant];
  const own = isObject(chosen) ? chosen : {};
  return {
    format: own['token_format'] === 'jwt' ? 'jwt' : 'opaque',
    accessTokenExpiration: seconds(own['access_token_expiration']) ?? defaults.accessTokenExpiration,
    refreshable: own['refresh_token'] === true,
    refreshTokenExpiration: seconds(own['refresh_token_expiration']) ?? defaults.refreshTokenExpiration,
    audience: strings(own['audience']),
    secretRequired: own['secret_required'] !== false,
  };
}

/** The strings of a list element; empty where there is none. */
export function strings(value: JsonObject[string] | undefined): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

function seconds(value: JsonObject[string] | undefined): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : undefined;
}
