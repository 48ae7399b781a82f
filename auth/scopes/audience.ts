/** Audiences of tokens (https://www.rfc-editor.org/rfc/rfc8707, RFC 7519 §4.1.3). */
import type { JsonObject } from '../../resources/json/value.ts';
import { OAuthError } from '../errors.ts';
import { type AuthSettings, type GrantSettings, strings } from '../settings.ts';

/** An absolute URI without a fragment (RFC 3986 §4.3). */
const ABSOLUTE_URI = /^[a-z][a-z\d+.-]*:(?:[\w.~:/?[\]@!$&'()*+,;=-]|%[\da-f]{2})*$/i;

type Own = Pick<AuthSettings, 'baseUrl' | 'audience'>;

/** Returns true if an audience names this server: BASE_URL, its FHIR base, or one of AUDIENCE. */
export function isOwnAudience(settings: Own, audience: string): boolean {
  const own = [settings.baseUrl, `${settings.baseUrl}/fhir`, ...settings.audience];
  return own.some((each) => withoutSlash(each) === withoutSlash(audience));
}

/** Returns true if one of the audiences is another server. */
export function isForOthers(settings: Own, audience: readonly string[]): boolean {
  return !audience.every((each) => isOwnAudience(settings, each));
}

/** Returns true if one of the audiences is this server. */
export function isForUs(settings: Own, audience: readonly string[]): boolean {
  return audience.some((each) => isOwnAudience(settings, each));
}

/** Returns true if a Client serves one of a token's audiences, according to its `resources`. */
export function isServedBy({ resources }: JsonObject, audience: readonly string[]): boolean {
  return strings(resources).some((served) => audience.some((each) => withoutSlash(each) === withoutSlash(served)));
}

/** Returns the audiences of a new token: those requested, if the grant permits them. Throws `invalid_target`. */
export function grantedAudience(
  settings: Own,
  grant: Pick<GrantSettings, 'audience'>,
  asked: { audience: string[]; resource: string[] },
): string[] {
  for (const resource of asked.resource) {
    if (!ABSOLUTE_URI.test(resource) || !URL.canParse(resource)) {
      throw new OAuthError('invalid_target', 'resource must be an absolute URI without a fragment.');
    }
  }
  const all = [...new Set([...asked.audience, ...asked.resource])];
  if (all.length === 0) return [grant.audience[0] ?? settings.baseUrl];
  if (!all.every((each) => isPermitted(grant, each))) {
    throw new OAuthError('invalid_target', 'The client may not request this audience.');
  }
  return all;
}

/**
 * Returns the audiences granted before, or the requested part of them, if the grant still permits them (RFC 8707 §2.2).
 * Throws `invalid_target`.
 */
export function narrowedAudience(
  grant: Pick<GrantSettings, 'audience'>,
  given: string[],
  asked: { audience: string[]; resource: string[] },
): string[] {
  const some = [...new Set([...asked.audience, ...asked.resource])];
  const all = some.length === 0 ? given : some;
  if (!all.every((each) => given.includes(each) && isPermitted(grant, each))) {
    throw new OAuthError('invalid_target', 'The token was not granted for this audience.');
  }
  return all;
}

/** Returns true if a Client may have tokens for an audience. A Client that lists none may use any. */
function isPermitted({ audience }: Pick<GrantSettings, 'audience'>, asked: string): boolean {
  return audience.length === 0 || audience.includes(asked);
}

function withoutSlash(url: string): string {
  return url.endsWith('/') ? url.slice(0, -1) : url;
}
