/** For whom a token is meant (https://www.rfc-editor.org/rfc/rfc8707, RFC 7519 §4.1.3). */
import type { JsonObject } from '../../resources/json/value.ts';
import { OAuthError } from '../errors.ts';
import { type AuthSettings, type GrantSettings, strings } from '../settings.ts';

/** An absolute URI, in the characters that one has: no fragment is among them (RFC 3986 §4.3). */
const ABSOLUTE_URI = /^[a-z][a-z\d+.-]*:(?:[\w.~:/?[\]@!$&'()*+,;=-]|%[\da-f]{2})*$/i;

type Own = Pick<AuthSettings, 'baseUrl' | 'audience'>;

/** True where this server is the one that an audience names: BASE_URL, its FHIR base, or one of AUDIENCE. */
export function isOwnAudience(settings: Own, audience: string): boolean {
  const own = [settings.baseUrl, `${settings.baseUrl}/fhir`, ...settings.audience];
  return own.some((each) => withoutSlash(each) === withoutSlash(audience));
}

/** True where a token with these audiences is meant for others, alone or beside this server. */
export function isForOthers(settings: Own, audience: readonly string[]): boolean {
  return !audience.every((each) => isOwnAudience(settings, each));
}

/** True where a token with these audiences is meant for this server, alone or beside others. */
export function isForUs(settings: Own, audience: readonly string[]): boolean {
  return audience.some((each) => isOwnAudience(settings, each));
}

/** True where a Client serves one of a token's audiences, by its `resources`. */
export function isServedBy({ resources }: JsonObject, audience: readonly string[]): boolean {
  return strings(resources).some((served) => audience.some((each) => withoutSlash(each) === withoutSlash(served)));
}

/** The audiences of a new token: what was asked for, within what the grant permits. Throws `invalid_target`. */
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
    throw new OAuthError('invalid_target', 'The client may not ask for a token for this audience.');
  }
  return all;
}

/**
 * The audiences that were granted before, or the part of them that is asked for, within what the grant permits still
 * (RFC 8707 §2.2). Throws `invalid_target`.
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

/** True where a Client may have tokens for an audience: one that lists none may for any. */
function isPermitted({ audience }: Pick<GrantSettings, 'audience'>, asked: string): boolean {
  return audience.length === 0 || audience.includes(asked);
}

function withoutSlash(url: string): string {
  return url.endsWith('/') ? url.slice(0, -1) : url;
}
