/** Who is behind a token (https://openid.net/specs/openid-connect-core-1_0.html#UserInfo). */
import type { Authentication } from '../authenticate.ts';
import { userInfo } from '../user-info.ts';
import { answered, authorizationOf, type Endpoint, requireMethod } from './exchange.ts';

/** `GET /auth/userinfo` (or POST): the User of a token, else its Client. */
export function userinfoEndpoint(authentication: Authentication): Endpoint {
  return async (request) => {
    requireMethod(request, ['GET', 'HEAD', 'POST']);
    const token = await authentication.bearer(authorizationOf(request), request);
    return answered(userInfo(token.user ?? token.client));
  };
}
