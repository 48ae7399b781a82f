/** Why a Session was ended early, and who asked for it. Passed along with the write that ends the Session. */
import type { Cause } from '../../resources/engine.ts';
import { type Principal, principalName } from '../principal.ts';

/**
 * Every reason by its code in the audit, with the AuditEvent outcome. A token or code used twice is a serious failure:
 * two parties hold it, and one of them stole it (https://www.rfc-editor.org/rfc/rfc9700#section-4.14.2, RFC 6749
 * §10.5).
 */
export const ENDINGS = {
  'reused-refresh-token': '8',
  'reused-code': '8',
  /** `DELETE /Session` with its own token. */
  logout: '0',
  /** `POST /auth/revoke`. */
  revocation: '0',
  /** By a caller who may write Sessions: `active: false`, `DELETE /Session/{id}`, `POST /Session/$revoke`. */
  withdrawn: '0',
  /** A secret or password was changed or removed, or a key was removed. */
  'client-credential-changed': '0',
  'user-credential-changed': '0',
  'client-deactivated': '0',
  'user-deactivated': '0',
  'client-deleted': '0',
  'user-deleted': '0',
} as const;

export type Ending = keyof typeof ENDINGS;

/** Who asked for something, and from where. */
export type Asker = {
  /** `User/ann` or `Client/app`; empty for an anonymous caller, absent if nobody asked. */
  asker?: string | undefined;
  /** The IP address the request came from. */
  address?: string | undefined;
};

/** Why a Session is ended, and by whom. */
export type SessionEnd = Asker & { ending: Ending };

/** Returns the principal as an `Asker`. */
export function askerOf(principal: Principal, address: string): Asker {
  return { asker: principal.kind === 'anonymous' ? '' : principalName(principal), address };
}

/**
 * Reads the end of a Session from the cause of a write. Writes by callers carry no reason: they count as `withdrawn`.
 */
export function sessionEnd({ ending, asker, address }: Cause): SessionEnd {
  return { ending: isEnding(ending) ? ending : 'withdrawn', asker, address };
}

function isEnding(code: string | undefined): code is Ending {
  return code !== undefined && Object.hasOwn(ENDINGS, code);
}
