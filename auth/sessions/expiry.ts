import type { JsonObject } from '../../resources/json/value.ts';
import type { AuthSettings, GrantSettings } from '../settings.ts';

/** When tokens expire, in seconds since the epoch. */
export interface Expiry {
  access: number;
  refresh: number;
}

/**
 * Returns when tokens issued at `issuedAt` expire: after the lifetimes of the grant, but no later than the maximum age
 * of the Session. Tokens of a Session past that age have already expired. Times are in seconds since the epoch.
 */
export function expiryOf(
  { sessionMaxAge = Number.POSITIVE_INFINITY }: Pick<AuthSettings, 'sessionMaxAge'>,
  chosen: GrantSettings,
  startedAt: number,
  issuedAt: number,
): Expiry {
  const end = startedAt + sessionMaxAge;
  return {
    access: Math.min(issuedAt + chosen.accessTokenExpiration, end),
    refresh: Math.min(issuedAt + chosen.refreshTokenExpiration, end),
  };
}

/** Returns when a Session started, in seconds since the epoch. */
export function startOf(session: JsonObject): number {
  return Math.floor(Date.parse(String(session['start'])) / 1000);
}

/** Returns for how many seconds tokens of a grant can be valid without a refresh. */
export function lifetimeOf({ accessTokenExpiration, refreshable, refreshTokenExpiration }: GrantSettings): number {
  return refreshable ? Math.max(accessTokenExpiration, refreshTokenExpiration) : accessTokenExpiration;
}
