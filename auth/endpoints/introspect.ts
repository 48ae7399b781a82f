/** Token introspection (https://www.rfc-editor.org/rfc/rfc7662). */
import type { Clock } from '../../resources/clock.ts';
import type { JsonObject } from '../../resources/json/value.ts';
import { endOfTurn } from '../../resources/pace/tick.ts';
import type { Audit } from '../audit/audit.ts';
import { AUTHORIZATION_CODE } from '../authorization/request.ts';
import { type ClientAuthentication, hasGrant } from '../clients/client-auth.ts';
import { OAuthError, REFUSED } from '../errors.ts';
import type { Access } from '../policies/access.ts';
import { isServedBy } from '../scopes/audience.ts';
import { heldScope } from '../scopes/scopes.ts';
import { type AuthSettings, strings } from '../settings.ts';
import { isUsable, type Stored } from '../stored.ts';
import { identityOf } from '../tokens/id-token.ts';
import type { IssuedToken, IssuedTokens } from '../tokens/issued-tokens.ts';
import { patientOf } from '../tokens/signed-in.ts';
import { type AuthRequest, answered, authorizationOf, type Endpoint, parametersOf } from './exchange.ts';

export interface IntrospectContext {
  clock: Clock;
  settings: AuthSettings;
  clients: ClientAuthentication;
  issued: IssuedTokens;
  access: Access;
  audit: Audit;
}

/** The endpoint's name in the audit. */
export const INTROSPECT = 'POST /auth/introspect';

const INACTIVE = { active: false };

/** `POST /auth/introspect`: describes a token to its own client, and to clients whose policies permit introspection. */
export function introspectEndpoint(context: IntrospectContext): Endpoint {
  const { clients, issued, audit } = context;
  return async (request) => {
    const parameters = parametersOf(request);
    const { address } = request;
    const caller = await clients.identify({ authorization: authorizationOf(request), parameters, caller: request });
    if (!caller.authenticated) throw new OAuthError('invalid_client', REFUSED);
    const token = await issued.find(parameters.require('token'));
    if (!token) return answered(INACTIVE);
    if (!(await mayAsk(context, request, caller.client, token))) {
      const claimed = { what: `Session/${token.session.id}` };
      const client = caller.client.id;
      audit.note({
        kind: 'denied',
        outcome: '4',
        reason: 'access_denied',
        client,
        address,
        asked: INTROSPECT,
        claimed,
      });
      return answered(INACTIVE);
    }
    await endOfTurn();
    return answered(describe(context, token));
  };
}

async function mayAsk(
  { access, settings }: IntrospectContext,
  request: AuthRequest,
  caller: Stored,
  token: IssuedToken,
): Promise<boolean> {
  if (token.clientId === caller.id) return true;
  if (!concerns(caller.resource, token)) return false;
  const { method, url, headers, address } = request;
  const principal = { kind: 'client', client: caller.resource, token: undefined } as const;
  const scheme = settings.baseUrl.startsWith('https:') ? 'https' : 'http';
  const judgement = await access.begin();
  return judgement.permits({ principal, operation: 'introspect', method, scheme, url, headers, address });
}

/** A resource server may ask neither about refresh tokens nor about tokens for another audience (RFC 7662 §4). */
function concerns(caller: JsonObject, token: IssuedToken): boolean {
  return caller['resources'] === undefined || (token.use === 'access' && isServedBy(caller, audienceOf(token)));
}

function audienceOf({ use, access, session }: IssuedToken): string[] {
  return use === 'access' && access ? access.audience : strings(session.resource['audience']);
}

/** Returns the response of RFC 7662 §2.2, with the additions of SMART. */
function describe({ clock, settings }: IntrospectContext, token: IssuedToken): JsonObject {
  const { use, session, client, userId, user, expiresAt, access } = token;
  if (use === 'spent' || expiresAt * 1000 <= clock()) return INACTIVE;
  if (!client || !isUsable(client.resource) || (userId !== undefined && !(user && isUsable(user.resource))))
    return INACTIVE;
  if (!hasGrant(client.resource, session.resource['type'])) return INACTIVE;
  const given = use === 'access' && access ? access.scope : strings(session.resource['scope']);
  const scope = heldScope(client.resource, given);
  const audience = audienceOf(token);
  const [first] = audience;
  const patient = patientOf(session.resource);
  return {
    active: true,
    client_id: client.id,
    sub: userId ?? client.id,
    ...(typeof user?.resource['userName'] === 'string' ? { username: user.resource['userName'] } : {}),
    ...(scope.length === 0 ? {} : { scope: scope.join(' ') }),
    ...(use === 'access' ? { token_type: 'Bearer' } : {}),
    ...(first === undefined ? {} : { aud: audience.length === 1 ? first : audience }),
    iss: settings.baseUrl,
    ...(access ? { iat: access.issuedAt } : {}),
    exp: expiresAt,
    jti: session.id,
    ...(patient === undefined ? {} : { patient }),
    ...(user && hasIdToken(session, scope) ? identityOf(user.resource, scope, settings.baseUrl) : {}),
  };
}

/** Returns true if an ID token came with a token of these scopes: SMART then requires its claims in introspection. */
function hasIdToken({ resource }: Stored, scope: readonly string[]): boolean {
  return resource['type'] === AUTHORIZATION_CODE && scope.includes('openid');
}
