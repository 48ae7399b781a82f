/** Records authentication, tokens, denials and revocations as AuditEvents. */
import type { Clock } from '../../resources/clock.ts';
import type { Change, Engine } from '../../resources/engine.ts';
import { ENDINGS, sessionEnd } from '../sessions/ending.ts';
import { goodUntil, idIn } from '../sessions/sessions.ts';
import { type AuditNote, type Noted, Notes } from './audit-notes.ts';
import { auditWriter } from './audit-writer.ts';

export interface Audit {
  /** Notes an event in memory. The request does not wait for a write. */
  note(note: AuditNote): void;
  /** Writes all noted events, in groups. */
  flush(): Promise<void>;
}

/** This many events that are not refusals are written without waiting for the next flush. */
const MANY = 256;

/** The audit when it is switched off. */
export const NO_AUDIT: Audit = { note: () => undefined, flush: async () => undefined };

export interface AuditOptions {
  engine: Engine;
  clock: Clock;
  /** The server's address. */
  site: string;
  /** Reports a problem to the operator. */
  report(problem: string): void;
}

/** Collects events until they are flushed, or until there are `MANY`. */
export function createAudit({ engine, clock, site, report }: AuditOptions): Audit {
  const write = auditWriter(engine, site);
  const notes = new Notes();
  let writing: Promise<void> = Promise.resolve();
  /** True during an early write, and after a failed one until the next flush. */
  let isHurried = false;

  function note(note: AuditNote): void {
    const now = clock();
    notes.add({ note, count: 1, first: now, last: now });
    if (notes.others >= MANY && !isHurried) hurry();
  }

  /** Writes one batch after another, so that the flush at a stop waits for all earlier writes. */
  function inTurn(take: () => Noted[]): Promise<void> {
    const turn = writing.then(async () => {
      const { left, problem } = await write(take());
      for (const event of left) notes.add(event);
      if (problem !== undefined) throw problem;
    });
    writing = turn.catch(() => undefined);
    return turn;
  }

  function hurry(): void {
    isHurried = true;
    const done = () => {
      isHurried = false;
    };
    // After a failure, the next scheduled flush tries again.
    inTurn(() => notes.takeOthers()).then(done, (problem) =>
      report(`Writing AuditEvents is delayed: ${String(problem)}`),
    );
  }

  engine.onCommit((changes) => {
    for (const change of changes) if (isRevocation(change, clock())) note(revocation(change));
  });

  return {
    note,
    async flush() {
      await inTurn(() => notes.takeAll());
      isHurried = false;
    },
  };
}

/** Returns true for a Session that was ended early. */
function isRevocation({ type, before, after }: Change, now: number): boolean {
  if (type !== 'Session' || !before || before['active'] === false) return false;
  return (after === undefined || after['active'] === false) && goodUntil(before) > now;
}

function revocation({ id, before = {}, cause = {} }: Change): AuditNote {
  const [user, client] = [idIn(before, 'user'), idIn(before, 'client')];
  const end = sessionEnd(cause);
  return { kind: 'token-revoked', outcome: ENDINGS[end.ending], ...end, user, client, what: `Session/${id}` };
}
