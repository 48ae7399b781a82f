/** Describes the subject of a token (https://openid.net/specs/openid-connect-core-1_0.html#UserInfo). */
import type { JsonObject } from '../../resources/json/value.ts';
import { userInfo } from '../accounts/user-info.ts';
import type { Authentication } from '../authenticate.ts';
import { AUTHORIZATION_CODE } from '../authorization/request.ts';
import { OAuthError } from '../errors.ts';
import type { BearerToken } from '../principal.ts';
import { userClaims } from '../tokens/id-token.ts';
import { answered, authorizationOf, type Endpoint, requireMethod } from './exchange.ts';

/**
 * `GET /auth/userinfo` (or POST): the User of a token, else its Client. For a User who signed in on the pages, only the
 * claims of the scopes. Throws a Denial, and `insufficient_scope` for a token of the pages without `openid` (§5.3.1).
 */
export function userinfoEndpoint(authentication: Authentication, { baseUrl }: { baseUrl: string }): Endpoint {
  return async (request) => {
    requireMethod(request, ['GET', 'HEAD', 'POST']);
    const token = await authentication.bearer(authorizationOf(request), request);
    const isOfPages = token.session.resource['type'] === AUTHORIZATION_CODE;
    return answered(isOfPages ? claimed(token, baseUrl) : userInfo(token.user ?? token.client));
  };
}

/** Returns the claims that the person has consented to: `sub`, and those of the token's scopes. */
function claimed({ user, record: { scope } }: BearerToken, baseUrl: string): JsonObject {
  if (!user || !scope.includes('openid')) {
    throw new OAuthError('insufficient_scope', 'The scope openid is required.');
  }
  return { sub: user.id, ...userClaims(user.resource, scope, baseUrl) };
}
