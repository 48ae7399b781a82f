/** Authenticates requests (https://www.rfc-editor.org/rfc/rfc6750#section-2.1, RFC 7617). */
import type { JsonObject } from '../resources/json/value.ts';
import type { Caller } from './accounts/guessing.ts';
import type { ClientAuthentication } from './clients/client-auth.ts';
import { readBasic } from './clients/methods/secret-basic.ts';
import { Denial } from './errors.ts';
import { ANONYMOUS, type BearerToken, type Principal, principalOf } from './principal.ts';
import { isForUs } from './scopes/audience.ts';
import type { LastUses, Origin } from './sessions/last-use.ts';
import type { AuthSettings } from './settings.ts';
import type { LiveTokens } from './tokens/live-tokens.ts';
import type { PresentedTokens } from './tokens/presented.ts';

export interface Authentication {
  /**
   * Returns the principal of a request, from its Authorization header alone. Throws a Denial (401) for an invalid
   * credential, even where anonymous requests are permitted.
   */
  authenticate(request: { authorization: string | undefined } & Origin & Caller): Promise<Principal>;
  /** Returns the live token of a Bearer header. Throws a Denial if there is none. */
  bearer(authorization: string | undefined, origin: Origin): Promise<BearerToken>;
}

export interface AuthenticationOptions {
  settings: Pick<AuthSettings, 'baseUrl' | 'audience'>;
  presented: PresentedTokens;
  liveTokens: LiveTokens;
  lastUses: LastUses;
  clients: ClientAuthentication;
}

/** Creates the authentication of Bearer and Basic credentials. */
export function createAuthentication(options: AuthenticationOptions): Authentication {
  const { settings, presented, liveTokens, lastUses, clients } = options;

  async function tokenOf(text: string, origin: Origin): Promise<BearerToken> {
    const read = await presented.read(text, 'access');
    const live = read && (await liveTokens.find(read.hash));
    if (!read || !live) throw new Denial('bad-token');
    if (read.claims && read.claims['jti'] !== live.session.id) throw new Denial('bad-token');
    if (!isForUs(settings, live.record.audience))
      throw new Denial('bad-token', 'The token was issued for another audience.');
    lastUses.note(live.session.id, origin);
    // Spelled out: a spread would cost more than everything else here.
    const { record, session, client, user, boundBy } = live;
    return {
      record,
      session,
      client,
      user,
      boundBy,
      claims: read.claims && heldClaims(read.claims, record.scope),
    };
  }

  async function basic(encoded: string, caller: Caller): Promise<Principal> {
    const credentials = readBasic(encoded);
    const client = credentials && (await clients.proveSecret(credentials, caller));
    const grants = client?.resource['grant_types'];
    if (!client || !Array.isArray(grants) || !grants.includes('basic')) throw new Denial('bad-credentials');
    return { kind: 'client', client: client.resource, token: undefined };
  }

  return {
    async authenticate({ authorization, address, since, userAgent }) {
      if (authorization === undefined) return ANONYMOUS;
      const { scheme, value } = split(authorization);
      if (scheme === 'bearer') return principalOf(await tokenOf(value, { address, userAgent }));
      if (scheme === 'basic') return basic(value, { address, since });
      throw new Denial('anonymous', 'The authentication scheme is not supported.');
    },
    async bearer(authorization, origin) {
      if (authorization === undefined) throw new Denial('anonymous');
      const { scheme, value } = split(authorization);
      if (scheme !== 'bearer') throw new Denial('anonymous');
      return tokenOf(value, origin);
    },
  };
}

/**
 * Splits a header into its scheme, in lower case, and its value. A malformed header gets an empty value, which is never
 * a valid credential.
 */
function split(authorization: string): { scheme: string; value: string } {
  const [scheme = '', value = '', ...more] = authorization.trim().split(/ +/);
  return { scheme: scheme.toLowerCase(), value: more.length > 0 ? '' : value };
}

/** Returns the JWT claims that policies see, with `scope` reduced to the scopes the token still has. */
function heldClaims(claims: JsonObject, scopes: readonly string[]): JsonObject {
  const { scope: written = '', ...others } = claims;
  const scope = scopes.join(' ');
  if (scope === written) return claims;
  return scope === '' ? others : { ...others, scope };
}
