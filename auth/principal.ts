import type { JsonObject } from '../resources/json/value.ts';
import type { LiveToken } from './tokens/live-tokens.ts';

/** The access token of a request. */
export interface BearerToken extends LiveToken {
  /** The verified claims of a JWT. */
  claims: JsonObject | undefined;
}

/**
 * On whose behalf a request is made: nobody, a Client (by its credentials or its own token), or a User (by a token, or
 * signed in on a page of the server). A request for a User is judged by the User's policies, not by those of the Client
 * that sends it.
 */
export type Principal =
  | { kind: 'anonymous' }
  | { kind: 'client'; client: JsonObject; token: BearerToken | undefined }
  | { kind: 'user'; user: JsonObject; client: JsonObject; token: BearerToken | undefined };

export const ANONYMOUS: Principal = { kind: 'anonymous' };

/** Returns the name of a principal in logs and policies: `anonymous`, `Client/x` or `User/x`. */
export function principalName(principal: Principal): string {
  if (principal.kind === 'anonymous') return 'anonymous';
  return principal.kind === 'client'
    ? `Client/${String(principal.client['id'])}`
    : `User/${String(principal.user['id'])}`;
}

/** Returns the principal of a token: its User if it has one, else its Client. */
export function principalOf(token: BearerToken): Principal {
  if (token.user) return { kind: 'user', user: token.user.resource, client: token.client.resource, token };
  return { kind: 'client', client: token.client.resource, token };
}
