import type { JsonObject } from '../../resources/json/value.ts';
import type { AuthSettings, GrantSettings } from '../settings.ts';

/** When tokens end, in seconds since the epoch. */
export interface Expiry {
  access: number;
  refresh: number;
}

/**
 * When the tokens end that are issued at a moment: after the times of the grant, and no later than the Session may
 * live. A Session that has outlived that gives tokens that have ended.
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

/** When a Session began, in seconds since the epoch. */
export function startOf(session: JsonObject): number {
  return Math.floor(Date.parse(String(session['start'])) / 1000);
}

/** Seconds that tokens of a grant may live for, before they are refreshed. */
export function lifetimeOf({ accessTokenExpiration, refreshable, refreshTokenExpiration }: GrantSettings): number {
  return refreshable ? Math.max(accessTokenExpiration, refreshTokenExpiration) : accessTokenExpiration;
}
