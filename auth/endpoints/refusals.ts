/** What the audit is told of a request that was refused. */
import type { Audit } from '../audit/audit.ts';
import type { AuditNote, Claims } from '../audit/audit-notes.ts';
import { claimedClient } from '../clients/client-auth.ts';
import { asOAuthError } from '../errors.ts';
import { type AuthRequest, authorizationOf, type Endpoint } from './exchange.ts';
import { Parameters } from './parameters.ts';

/** How refusals for who asks, or for too many guesses, are told; undefined for other statuses. */
export function toldOf(status: number): Pick<AuditNote, 'kind' | 'outcome'> | undefined {
  if (status === 429) return { kind: 'locked-out', outcome: '8' };
  return status === 401 || status === 403 ? { kind: 'denied', outcome: '4' } : undefined;
}

/** Who a request says it comes from, by any way in which clients authenticate, whatever came of that. */
export function claimedBy(request: AuthRequest, options: { schemeless?: boolean } = {}): Claims {
  const parameters = Parameters.legible(request.body);
  const client = claimedClient({ authorization: authorizationOf(request), ...options, parameters });
  return { client, login: parameters.get('username') };
}

/** Tells the audit of an error that refuses somebody; of others nothing. */
export function noteRefusal(audit: Audit, error: unknown, about: Omit<AuditNote, 'kind' | 'outcome' | 'reason'>): void {
  const { code, answer } = asOAuthError(error);
  const told = toldOf(answer.status);
  if (told) audit.note({ ...told, reason: code, ...about });
}

/** An endpoint that tells the audit whom it did not believe. `asked` is how the audit names it. */
export function tellingRefusals(audit: Audit, asked: string, endpoint: Endpoint): Endpoint {
  return async (request) => {
    try {
      return await endpoint(request);
    } catch (error) {
      const { client } = claimedBy(request);
      noteRefusal(audit, error, { address: request.address, asked, claimed: { client } });
      throw error;
    }
  };
}
