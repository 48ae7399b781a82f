import type { Engine } from '../../resources/engine.ts';
import type { Authentication } from '../authenticate.ts';
import { NO_STORE } from '../errors.ts';
import { principalOf } from '../principal.ts';
import { askerOf } from '../sessions/ending.ts';
import { endSession } from '../sessions/sessions.ts';
import { authorizationOf, type Endpoint } from './exchange.ts';

/** `DELETE /Session` without a query: ends the Session of the presented token. Throws a Denial. */
export function closeSessionEndpoint(engine: Engine, authentication: Authentication): Endpoint {
  return async (request) => {
    const token = await authentication.bearer(authorizationOf(request), request);
    const looksAt = [{ type: 'Session', id: token.session.id }];
    const end = { ending: 'logout', ...askerOf(principalOf(token), request.address) } as const;
    await engine.transact((transaction) => endSession(transaction, token.session.id, end), looksAt);
    return { status: 204, headers: { ...NO_STORE }, body: undefined };
  };
}
