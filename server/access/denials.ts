import type { Audit } from '../../auth/audit/audit.ts';
import type { AuditNote } from '../../auth/audit/audit-notes.ts';
import { claimedClient } from '../../auth/clients/client-auth.ts';
import { Parameters } from '../../auth/endpoints/parameters.ts';
import { toldOf } from '../../auth/endpoints/refusals.ts';
import type { Principal } from '../../auth/principal.ts';
import type { Registry } from '../../resources/registry.ts';
import type { RequestState } from '../context.ts';

/** The line of a request that was refused, and its credentials. */
export interface RefusedRequest {
  method: string;
  /** Below the base; a query is never looked at, since it may hold what must not be told. */
  url: string;
  /** The Authorization header; none for what stands in a Bundle, whose caller is known. */
  authorization?: string | undefined;
}

/** What is told of denials, and by what types they are known. */
export interface Auditing {
  audit: Audit;
  registry: Registry;
}

const TOKEN_REFUSED = { kind: 'token-refused', outcome: '4' } as const;
const ADDRESS = /^\/([A-Z][A-Za-z]*)(?:\/([A-Za-z0-9.-]{1,64}))?(?:[/?]|$)/;
const ENDPOINT = /^\/auth\/[a-z]+(?=\?|$)/;

/**
 * Notes a request that was refused for who made it, or for too many guesses, and any that would have a token and did
 * not come as far as the endpoint: its body is too long, say. Other failures are none of the audit.
 */
export function noteDenial(
  { audit, registry }: Auditing,
  { principal, address }: RequestState,
  { method, url, authorization }: RefusedRequest,
  { status, code }: { status: number; code: string },
): void {
  const told = toldOf(status) ?? (url === '/auth/token' && status < 500 && status !== 404 ? TOKEN_REFUSED : undefined);
  if (!told) return;
  const [, type = '', id] = ADDRESS.exec(url) ?? [];
  const known = registry.get(type) !== undefined;
  const [place = known ? type : ''] = ENDPOINT.exec(url) ?? [];
  audit.note({
    ...told,
    reason: code,
    address,
    // Of a path that names neither a type nor an endpoint nothing is told: it may be anything.
    asked: `${method} ${place}`.trim(),
    claimed: {
      client: claimedClient({ authorization, parameters: Parameters.legible(undefined) }),
      ...(known && id !== undefined ? { what: `${type}/${id}` } : {}),
    },
    ...accountsOf(principal),
  });
}

/** The accounts behind a principal, as the audit names them. */
export function accountsOf(principal: Principal | undefined): Pick<AuditNote, 'user' | 'client'> {
  if (!principal || principal.kind === 'anonymous') return {};
  const client = String(principal.client['id']);
  return principal.kind === 'user' ? { client, user: String(principal.user['id']) } : { client };
}
