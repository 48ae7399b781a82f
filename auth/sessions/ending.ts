/** Why a Session ends before its time, and who asks for that: whatever ends it tells so along with the write. */
import type { Cause } from '../../resources/engine.ts';
import { type Principal, principalName } from '../principal.ts';

/**
 * Every reason, by the code that the audit has for it, with its outcome there: what was used twice is in the hands of
 * two, one of whom stole it (https://www.rfc-editor.org/rfc/rfc9700#section-4.14.2, RFC 6749 §10.5).
 */
export const ENDINGS = {
  'reused-refresh-token': '8',
  'reused-code': '8',
  /** `DELETE /Session` with its own token. */
  logout: '0',
  /** `POST /auth/revoke`. */
  revocation: '0',
  /** By whoever may write Sessions: `active: false`, `DELETE /Session/{id}`, `POST /Session/$revoke`. */
  withdrawn: '0',
  /** Another or no secret or password, a key less. */
  'client-credential-changed': '0',
  'user-credential-changed': '0',
  'client-deactivated': '0',
  'user-deactivated': '0',
  'client-deleted': '0',
  'user-deleted': '0',
} as const;

export type Ending = keyof typeof ENDINGS;

/** Who asked for something. */
export type Asker = {
  /** `User/ann` or `Client/app`; empty for the anonymous, absent where nobody asked. */
  asker?: string | undefined;
  /** The address that it was asked from. */
  address?: string | undefined;
};

/** What a Session is ended with. */
export type SessionEnd = Asker & { ending: Ending };

/** A principal as one who asks. */
export function askerOf(principal: Principal, address: string): Asker {
  return { asker: principal.kind === 'anonymous' ? '' : principalName(principal), address };
}

/** How a Session was ended by a write. Those of callers do not say why. */
export function sessionEnd({ ending, asker, address }: Cause): SessionEnd {
  return { ending: isEnding(ending) ? ending : 'withdrawn', asker, address };
}

function isEnding(code: string | undefined): code is Ending {
  return code !== undefined && Object.hasOwn(ENDINGS, code);
}
