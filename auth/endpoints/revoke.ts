/** Token revocation (https://www.rfc-editor.org/rfc/rfc7009). */
import type { Engine } from '../../resources/engine.ts';
import type { Audit } from '../audit/audit.ts';
import { type ClientAuthentication, requireAuthentication } from '../clients/client-auth.ts';
import { OAuthError } from '../errors.ts';
import { endSession } from '../sessions/sessions.ts';
import { type AuthSettings, grantSettings } from '../settings.ts';
import type { IssuedTokens } from '../tokens/issued-tokens.ts';
import { answered, authorizationOf, type Endpoint, parametersOf } from './exchange.ts';

export interface RevokeContext {
  engine: Engine;
  settings: AuthSettings;
  clients: ClientAuthentication;
  issued: IssuedTokens;
  audit: Audit;
}

/** The endpoint's name in the audit. */
export const REVOKE = 'POST /auth/revoke';

/** `POST /auth/revoke`: ends the Session of an access or refresh token. An unknown token is not an error. */
export function revokeEndpoint({ engine, settings, clients, issued, audit }: RevokeContext): Endpoint {
  return async (request) => {
    const parameters = parametersOf(request);
    const { address } = request;
    const requestClient = await clients.identify({
      authorization: authorizationOf(request),
      parameters,
      caller: request,
    });
    const token = await issued.find(parameters.require('token'));
    const grant = String(token?.session.resource['type']);
    const { secretRequired } = grantSettings(requestClient.client.resource, grant, settings);
    requireAuthentication(requestClient, token !== undefined && !secretRequired);
    if (!token) return answered({});
    const { id: client } = requestClient.client;
    if (token.clientId !== client) {
      const claimed = { what: `Session/${token.session.id}` };
      audit.note({ kind: 'denied', outcome: '4', reason: 'invalid_grant', client, address, asked: REVOKE, claimed });
      throw new OAuthError('invalid_grant', 'The token was not issued to this client.');
    }
    const looksAt = [{ type: 'Session', id: token.session.id }];
    const end = { ending: 'revocation', asker: `Client/${client}`, address } as const;
    await engine.transact((transaction) => endSession(transaction, token.session.id, end), looksAt);
    return answered({});
  };
}
