import type { JsonObject } from '../resources/json/value.ts';
import { isObject } from '../resources/json/value.ts';

/** The signing algorithms of tokens (RFC 7518 §3.1, RFC 8037 §3.1). */
export const SIGNING_ALGS = ['RS256', 'ES256', 'EdDSA'] as const;

export type SigningAlg = (typeof SIGNING_ALGS)[number];

/** The settings of the server that the auth module needs. */
export interface AuthSettings {
  /** The public address and token issuer, without a trailing slash. */
  baseUrl: string;
  /** Further `aud` values that this server accepts. */
  audience: readonly string[];
  /** Seconds; the default of Clients that set none. */
  accessTokenExpiration: number;
  /** Seconds since issue or last use; the default of Clients that set none. */
  refreshTokenExpiration: number;
  /** Seconds for which a Session is kept after it is over. */
  sessionRetention: number;
  /** Seconds for which the server's own AuditEvents are kept; 0 if none are created. */
  auditRetention: number;
  signingAlg: SigningAlg;
  /** The maximum age of a Session in seconds, however often it is refreshed; absent for no limit. */
  sessionMaxAge?: number | undefined;
  /** True if the `jwks_uri` of a Client may be plain http and inside a private network. */
  privateJwksUris: boolean;
}

/** A Client's settings for the tokens of one grant: `Client.auth.<grant>`, with the server's defaults. */
export interface GrantSettings {
  format: 'opaque' | 'jwt';
  /** Seconds. */
  accessTokenExpiration: number;
  /** True if the grant issues refresh tokens. */
  refreshable: boolean;
  /** Seconds. */
  refreshTokenExpiration: number;
  /** The audiences that may be requested, the default first; empty means any. */
  audience: string[];
  /** False if a confidential Client may omit its authentication. */
  secretRequired: boolean;
}

/** Returns the settings of a Client for a grant. */
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

/** Returns the strings of a list; empty if the value is no list. */
export function strings(value: JsonObject[string] | undefined): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

function seconds(value: JsonObject[string] | undefined): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : undefined;
}
