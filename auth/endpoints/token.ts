/** The token endpoint (https://www.rfc-editor.org/rfc/rfc6749#section-3.2). */
import type { Clock } from '../../resources/clock.ts';
import type { JsonObject } from '../../resources/json/value.ts';
import type { AuditNote } from '../audit/audit-notes.ts';
import type { ClientAuthentication } from '../clients/client-auth.ts';
import { asOAuthError, type OAuthCode, OAuthError } from '../errors.ts';
import type { Grant, GrantContext } from '../grants/grant.ts';
import { GRANTS } from '../grants/registry.ts';
import { idIn, type Tokens } from '../sessions/sessions.ts';
import { type AuthRequest, answered, authorizationOf, type Endpoint, parametersOf } from './exchange.ts';
import { claimedBy } from './refusals.ts';

/** `POST /auth/token`. */
export function tokenEndpoint(context: GrantContext, clients: ClientAuthentication, clock: Clock): Endpoint {
  const { audit } = context;
  const answer = async (request: AuthRequest, arrival: number) => {
    const parameters = parametersOf(request);
    const grant = findGrant(parameters.require('grant_type'));
    const { address, since, userAgent } = request;
    const authorization = authorizationOf(request);
    const requestClient = await clients.identify({ authorization, schemeless: true, parameters, caller: request });
    const asked = { parameters, requestClient, arrival, address, since, userAgent };
    const { tokens, extra } = await grant.issue(context, asked);
    audit.note(issued(tokens, grant.name, address));
    return answered({ ...tokenAnswer(tokens, clock()), ...extra });
  };
  return async (request) => {
    try {
      return await context.coalescing.during((arrival) => answer(request, arrival));
    } catch (error) {
      const { code, answer } = asOAuthError(error);
      if (answer.status < 500) audit.note(refusal(request, code));
      throw error;
    }
  };
}

function issued({ session }: Tokens, grant: string, address: string): AuditNote {
  const [client, user] = [idIn(session, 'client'), idIn(session, 'user')];
  const what = `Session/${String(session['id'])}`;
  return { kind: 'token-issued', outcome: '0', client, user, address, what, asked: grant };
}

function refusal(request: AuthRequest, code: OAuthCode): AuditNote {
  const kind = code === 'too_many_requests' ? 'locked-out' : 'token-refused';
  const claimed = claimedBy(request, { schemeless: true });
  return { kind, outcome: kind === 'locked-out' ? '8' : '4', reason: code, address: request.address, claimed };
}

function findGrant(name: string): Grant {
  const grant = GRANTS.find((each) => each.name === name);
  if (!grant) throw new OAuthError('unsupported_grant_type', 'This server does not support this grant.');
  return grant;
}

/** Returns the successful response (RFC 6749 §5.1). */
function tokenAnswer({ access, accessToken, refreshToken }: Tokens, now: number): JsonObject {
  const { issuedAt, expiresAt } = access;
  const age = Math.floor(now / 1000) - issuedAt;
  return {
    token_type: 'Bearer',
    access_token: accessToken,
    // A new token is reported with its full lifetime, even if a second passed while it was being stored.
    expires_in: Math.max(0, expiresAt - issuedAt - (age > 1 ? age : 0)),
    ...(refreshToken === undefined ? {} : { refresh_token: refreshToken }),
    ...(access.scope.length === 0 ? {} : { scope: access.scope.join(' ') }),
  };
}
