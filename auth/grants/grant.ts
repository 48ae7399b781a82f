import type { Engine } from '../../resources/engine.ts';
import type { JsonObject } from '../../resources/json/value.ts';
import type { Accounts } from '../accounts.ts';
import type { Audit } from '../audit.ts';
import type { RequestClient } from '../client-auth.ts';
import type { Parameters } from '../parameters.ts';
import type { PresentedTokens } from '../presented.ts';
import type { SessionsContext, Tokens } from '../sessions.ts';
import type { Simultaneous } from '../simultaneous.ts';

/** What a grant works with. */
export interface GrantContext {
  engine: Engine;
  accounts: Accounts;
  presented: PresentedTokens;
  sessions: SessionsContext;
  audit: Audit;
  simultaneous: Simultaneous<Tokens>;
}

/** A token request whose client is known. */
export interface GrantRequest {
  parameters: Parameters;
  requestClient: RequestClient;
  /** When it came, among the requests of this process. */
  arrival: number;
  address: string;
  /** Since when it waits, in milliseconds of the process. */
  since: number;
  userAgent: string | undefined;
}

/** One grant of the token endpoint. */
export interface Grant {
  /** The value of `grant_type`. */
  name: string;
  /** Issues tokens, with what else the answer says. Throws an OAuthError. */
  issue(context: GrantContext, request: GrantRequest): Promise<{ tokens: Tokens; extra: JsonObject }>;
}
