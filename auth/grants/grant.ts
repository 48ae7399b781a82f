import type { Engine } from '../../resources/engine.ts';
import type { JsonObject } from '../../resources/json/value.ts';
import type { Accounts } from '../accounts/accounts.ts';
import type { Audit } from '../audit/audit.ts';
import type { RequestClient } from '../clients/client-auth.ts';
import type { Parameters } from '../endpoints/parameters.ts';
import type { Coalescing } from '../sessions/coalescing.ts';
import type { SessionsContext, Tokens } from '../sessions/sessions.ts';
import type { PresentedTokens } from '../tokens/presented.ts';

/** What a grant works with. */
export interface GrantContext {
  engine: Engine;
  accounts: Accounts;
  presented: PresentedTokens;
  sessions: SessionsContext;
  audit: Audit;
  coalescing: Coalescing<Tokens>;
}

/** A token request whose client is known. */
export interface GrantRequest {
  parameters: Parameters;
  requestClient: RequestClient;
  /** Its arrival number among the requests of this process. */
  arrival: number;
  address: string;
  /** When it began to wait, in milliseconds of the process's monotonic clock. */
  since: number;
  userAgent: string | undefined;
}

/** One grant of the token endpoint. */
export interface Grant {
  /** The value of `grant_type`. */
  name: string;
  /** Issues tokens, with extra members of the response. Throws an OAuthError. */
  issue(context: GrantContext, request: GrantRequest): Promise<{ tokens: Tokens; extra: JsonObject }>;
}
