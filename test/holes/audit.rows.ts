import { type Hole, hole } from './hole.ts';

const NOTES = 'auth/audit/audit-notes.ts';
const IS_REFUSAL = "return outcome !== '0' && kind !== 'token-revoked';";

export const AUDIT: readonly Hole[] = [
  // The hole: the audit names the Client id as it was sent.
  hole(
    'secrets and tokens are in no event',
    'auth/audit/audit-writer.ts',
    "client: record.client ?? (await findStored(engine, 'Client', client))?.id,",
    'client: record.client ?? (client || undefined),',
  ),
  hole(
    'no value that may be a secret in the wrong place',
    'auth/audit/redacted-search.ts',
    '(await isPlain(context, name, part)) ? part : REDACTED',
    'part',
  ),
  hole(
    'a lockout at the page to sign in names the account',
    'auth/endpoints/authorize.ts',
    ', claimed: { login: claimedBy(request).login } });',
    ' });',
  ),
  hole('each login of one account is an event of its own', NOTES, IS_REFUSAL, "return kind !== 'token-revoked';"),
  // The hole: it is audited like a sign-out.
  hole(
    'a token or code that is used again is an alert',
    'auth/audit/audit-event.ts',
    "ending && ENDINGS[ending] !== '0' ? REUSE : KINDS[kind]",
    'KINDS[kind]',
  ),
  {
    attack: 'no flood of refusals crowds out that a token was used again',
    edits: [{ file: NOTES, guard: IS_REFUSAL, without: "return outcome !== '0';" }],
    says: 'reused-refresh-token',
  },
  hole(
    'a flood of equal denials',
    NOTES,
    'JSON.stringify([rest, claimed.client,',
    'JSON.stringify([rest, claimed.what, claimed.client,',
  ),
  {
    attack: 'a flood of different denials fills neither memory nor disk',
    edits: [{ file: NOTES, guard: 'MOST_REFUSED = 500', without: 'MOST_REFUSED = 500_000' }],
    says: '500 times denied',
  },
  {
    attack: 'a flood of names that are nobody’s',
    edits: [
      { file: NOTES, guard: 'claims >= MOST_CLAIMED', without: 'false' },
      {
        file: 'auth/audit/audit-writer.ts',
        guard: 'isRefusal(event.note) ? keyOf(event.note) : undefined;',
        without: 'undefined;',
      },
    ],
  },
  hole(
    'the server tells nothing that a caller has forged',
    'auth/rules.ts',
    'const isOwn = isOwnEvent(before) || isOwnEvent(after);',
    'const isOwn = false;',
  ),
  hole(
    'a forged event has no code',
    'auth/rules.ts',
    'if (!isOwn && !hasOwnKind(after)) return;',
    'if (!isOwn) return;',
  ),
];
