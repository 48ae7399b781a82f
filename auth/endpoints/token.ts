/** The token endpoint (https://www.rfc-editor.org/rfc/rfc6749#section-3.2). */
import type { Clock } from '../../resources/clock.ts';
import type { JsonObject } from '../../resources/json/value.ts';
import type { ClientAuthentication } from '../client-auth.ts';
import { OAuthError } from '../errors.ts';
import type { Grant, GrantContext } from '../grants/grant.ts';
import { GRANTS } from '../grants/registry.ts';
import type { Tokens } from '../sessions.ts';
import { type AuthRequest, answered, authorizationOf, type Endpoint, parametersOf } from './exchange.ts';

/** `POST /auth/token`. */
export function tokenEndpoint(context: GrantContext, clients: ClientAuthentication, clock: Clock): Endpoint {
  const answer = async (request: AuthRequest, arrival: number) => {
    const parameters = parametersOf(request);
    const grant = findGrant(parameters.require('grant_type'));
    const { address, userAgent } = request;
    const requestClient = await clients.identify({ authorization: authorizationOf(request), parameters, address });
    const { tokens, extra } = await grant.issue(context, { parameters, requestClient, arrival, address, userAgent });
    return answered({ ...tokenAnswer(tokens, clock()), ...extra });
  };
  return (request) => context.simultaneous.during((arrival) => answer(request, arrival));
}

function findGrant(name: string): Grant {
  const grant = GRANTS.find((each) => each.name === name);
  if (!grant) throw new OAuthError('unsupported_grant_type', 'This server does not have this grant.');
  return grant;
}

/** The successful answer (RFC 6749 §5.1). */
function tokenAnswer({ access, accessToken, refreshToken }: Tokens, now: number): JsonObject {
  const { issuedAt, expiresAt } = access;
  const age = Math.floor(now / 1000) - issuedAt;
  return {
    token_type: 'Bearer',
    access_token: accessToken,
    // A token just made has its whole life before it, even where a second ended while it was being stored.
    expires_in: Math.max(0, expiresAt - issuedAt - (age > 1 ? age : 0)),
    ...(refreshToken === undefined ? {} : { refresh_token: refreshToken }),
    ...(access.scope.length === 0 ? {} : { scope: access.scope.join(' ') }),
  };
}
