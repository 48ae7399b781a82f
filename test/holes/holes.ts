/** The holes by the section of `docs/security.md` that names their attacks. */
import { AUDIT } from './audit.rows.ts';
import { GRANTS } from './grants.rows.ts';
import type { Hole } from './hole.ts';
import { JWT } from './jwt.rows.ts';
import { LOAD } from './load.rows.ts';
import { PARSING } from './parsing.rows.ts';
import { POLICIES } from './policies.rows.ts';
import { LEAKS } from './policies-leaks.rows.ts';
import { SECRETS } from './secrets.rows.ts';
import { SIGNING_IN } from './signing-in.rows.ts';

export const HOLES: ReadonlyMap<string, readonly Hole[]> = new Map([
  ['Grants', GRANTS],
  ['Signing in', SIGNING_IN],
  ['JWT', JWT],
  ['Secrets', SECRETS],
  ['Policies', [...LEAKS, ...POLICIES]],
  ['Audit', AUDIT],
  ['Parsing', PARSING],
  ['Load', LOAD],
]);
