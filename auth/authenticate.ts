/** Who makes a request (https://www.rfc-editor.org/rfc/rfc6750#section-2.1, RFC 7617). */
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
   * The principal of a request, by its Authorization header alone. Throws a Denial (401) for a credential that is
   * not good, even where the anonymous may pass.
   */
  authenticate(request: { authorization: string | undefined } & Origin & Caller): Promise<Principal>;
  /** The live token of a Bearer header; throws a Denial where there is none. */
  bearer(authorization: string | undefined, origin: Origin): Promise<BearerToken>;
}

export interface AuthenticationOptions {
  settings: Pick<AuthSettings, 'baseUrl' | 'audience'>;
  presented: PresentedTokens;
  liveTokens: LiveTokens;
  lastUses: LastUses;
  clients: ClientAuthentication;
}

/** Reads credentials of the schemes Bearer and Basic. */
export function createAuthentication(options: AuthenticationOptions): Authentication {
  const { settings, presented, liveTokens, lastUses, clients } = options;

  async function tokenOf(text: string, origin: Origin): Promise<BearerToken> {
    const read = await presented.read(text, 'access');
    const live = read && (await liveTokens.find(read.hash));
    if (!read || !live) throw new Denial('bad-token');
    if (read.claims && read.claims['jti'] !== live.session.id) throw new Denial('bad-token');
    if (!isForUs(settings, live.record.audience))
      throw new Denial('bad-token', 'The token is meant for another audience.');
    lastUses.note(live.session.id, origin);
    // Spelled out: spreading would cost each request more than all else here.
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
      throw new Denial('anonymous', 'The authentication scheme is not known.');
    },
    async bearer(authorization, origin) {
      if (authorization === undefined) throw new Denial('anonymous');
      const { scheme, value } = split(authorization);
      if (scheme !== 'bearer') throw new Denial('anonymous');
      return tokenOf(value, origin);
    },
  };
}

/** Scheme in lower case and what follows it; a header of any other shape has an empty value, which is no token. */
function split(authorization: string): { scheme: string; value: string } {
  const [scheme = '', value = '', ...more] = authorization.trim().split(/ +/);
  return { scheme: scheme.toLowerCase(), value: more.length > 0 ? '' : value };
}

/** The claims of a JWT with the scopes that are left: policies may look at them. */
function heldClaims(claims: JsonObject, scopes: readonly string[]): JsonObject {
  const { scope: written = '', ...others } = claims;
  const scope = scopes.join(' ');
  if (scope === written) return claims;
  return scope === '' ? others : { ...others, scope };
}
