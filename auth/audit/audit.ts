/** What happened to credentials and tokens, and what was denied, as AuditEvents. */
import type { Clock } from '../../resources/clock.ts';
import type { Change, Engine } from '../../resources/engine.ts';
import { ENDINGS, sessionEnd } from '../sessions/ending.ts';
import { goodUntil, idIn } from '../sessions/sessions.ts';
import { type AuditNote, type Noted, Notes } from './audit-notes.ts';
import { auditWriter } from './audit-writer.ts';

export interface Audit {
  /** Notes an event in memory; it costs its request nothing more. */
  note(note: AuditNote): void;
  /** Writes what was noted since the last time, in groups. */
  flush(): Promise<void>;
}

/** So many that are not refusals are written at once: where there is much to tell, it is told in time. */
const MANY = 256;

/** Nothing is noted. */
export const NO_AUDIT: Audit = { note: () => undefined, flush: async () => undefined };

export interface AuditOptions {
  engine: Engine;
  clock: Clock;
  /** The address of the server. */
  site: string;
  /** Told what an operator should know. */
  report(problem: string): void;
}

/** Gathers events until they are flushed, or until there are many. */
export function createAudit({ engine, clock, site, report }: AuditOptions): Audit {
  const write = auditWriter(engine, site);
  const notes = new Notes();
  let writing: Promise<void> = Promise.resolve();
  /** True while many are written early, and after that has failed. */
  let isHurried = false;

  function note(note: AuditNote): void {
    const now = clock();
    notes.add({ note, count: 1, first: now, last: now });
    if (notes.others >= MANY && !isHurried) hurry();
  }

  /** Writes one batch after another, so that a stop has all written that was noted before. */
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
    // Where it fails, it is tried again when it is due by the clock.
    inTurn(() => notes.takeOthers()).then(done, (problem) => report(`The audit is late: ${String(problem)}`));
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

/** True for a Session that ended before its time. */
function isRevocation({ type, before, after }: Change, now: number): boolean {
  if (type !== 'Session' || !before || before['active'] === false) return false;
  return (after === undefined || after['active'] === false) && goodUntil(before) > now;
}

function revocation({ id, before = {}, cause = {} }: Change): AuditNote {
  const [user, client] = [idIn(before, 'user'), idIn(before, 'client')];
  const end = sessionEnd(cause);
  return { kind: 'token-revoked', outcome: ENDINGS[end.ending], ...end, user, client, what: `Session/${id}` };
}
