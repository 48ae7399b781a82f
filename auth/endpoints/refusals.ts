/** Records refused requests in the audit. */
import type { Audit } from '../audit/audit.ts';
import type { AuditNote, Claims } from '../audit/audit-notes.ts';
import { claimedClient } from '../clients/client-auth.ts';
import { asOAuthError } from '../errors.ts';
import { type AuthRequest, authorizationOf, type Endpoint } from './exchange.ts';
import { Parameters } from './parameters.ts';

/** Returns how the audit records a refusal with this status (429, 401 or 403); undefined for other statuses. */
export function auditKindOf(status: number): Pick<AuditNote, 'kind' | 'outcome'> | undefined {
  if (status === 429) return { kind: 'locked-out', outcome: '8' };
  return status === 401 || status === 403 ? { kind: 'denied', outcome: '4' } : undefined;
}

/** Returns the unverified client and login of a request, by any client authentication method. */
export function claimedBy(request: AuthRequest, options: { schemeless?: boolean } = {}): Claims {
  const parameters = Parameters.legible(request.body);
  const client = claimedClient({ authorization: authorizationOf(request), ...options, parameters });
  return { client, login: parameters.get('username') };
}

/** Records an error in the audit if it is an authentication or authorization failure, or a lockout. */
export function noteRefusal(audit: Audit, error: unknown, about: Omit<AuditNote, 'kind' | 'outcome' | 'reason'>): void {
  const { code, answer } = asOAuthError(error);
  const told = auditKindOf(answer.status);
  if (told) audit.note({ ...told, reason: code, ...about });
}

/** Wraps an endpoint so that its refusals are audited. `asked` is the endpoint's name in the audit. */
export function auditingRefusals(audit: Audit, asked: string, endpoint: Endpoint): Endpoint {
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
