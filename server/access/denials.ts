import type { Audit } from '../../auth/audit/audit.ts';
import type { AuditNote } from '../../auth/audit/audit-notes.ts';
import { claimedClient } from '../../auth/clients/client-auth.ts';
import { Parameters } from '../../auth/endpoints/parameters.ts';
import { auditKindOf } from '../../auth/endpoints/refusals.ts';
import type { Principal } from '../../auth/principal.ts';
import type { Registry } from '../../resources/registry.ts';
import type { RequestState } from '../context.ts';

/** The request line of a denied request, and its credentials. */
export interface RefusedRequest {
  method: string;
  /** Below the base. The query is never looked at, since it may hold data that must not be logged. */
  url: string;
  /** The Authorization header; undefined for an entry of a Bundle, whose caller is known. */
  authorization?: string | undefined;
}

/** Where denials are recorded, and the registry of the types that may be named there. */
export interface Auditing {
  audit: Audit;
  registry: Registry;
}

const TOKEN_REFUSED = { kind: 'token-refused', outcome: '4' } as const;
const ADDRESS = /^\/([A-Z][A-Za-z]*)(?:\/([A-Za-z0-9.-]{1,64}))?(?:[/?]|$)/;
const ENDPOINT = /^\/auth\/[a-z]+(?=\?|$)/;

/**
 * Audits a request that was denied because of its caller or of too many guesses, and any token request that failed
 * before it reached the endpoint, for example because its body is too large. Other failures are not audited.
 */
export function noteDenial(
  { audit, registry }: Auditing,
  { principal, address }: RequestState,
  { method, url, authorization }: RefusedRequest,
  { status, code }: { status: number; code: string },
): void {
  const told =
    auditKindOf(status) ?? (url === '/auth/token' && status < 500 && status !== 404 ? TOKEN_REFUSED : undefined);
  if (!told) return;
  const [, type = '', id] = ADDRESS.exec(url) ?? [];
  const known = registry.get(type) !== undefined;
  const [place = known ? type : ''] = ENDPOINT.exec(url) ?? [];
  audit.note({
    ...told,
    reason: code,
    address,
    // A path that names neither a type nor an endpoint is not recorded: it may contain anything.
    asked: `${method} ${place}`.trim(),
    claimed: {
      client: claimedClient({ authorization, parameters: Parameters.legible(undefined) }),
      ...(known && id !== undefined ? { what: `${type}/${id}` } : {}),
    },
    ...accountsOf(principal),
  });
}

/** Returns the accounts of a principal, as the audit names them. */
export function accountsOf(principal: Principal | undefined): Pick<AuditNote, 'user' | 'client'> {
  if (!principal || principal.kind === 'anonymous') return {};
  const client = String(principal.client['id']);
  return principal.kind === 'user' ? { client, user: String(principal.user['id']) } : { client };
}
