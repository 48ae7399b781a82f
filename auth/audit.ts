/** What happened to credentials and tokens, and what was denied, as AuditEvents. */
import type { Clock } from '../resources/clock.ts';
import type { Change, Engine } from '../resources/engine.ts';
import { Failure } from '../resources/errors.ts';
import { type AuditRecord, auditEvent, type Occurrences } from './audit-event.ts';
import { networkOf } from './network.ts';
import { goodUntil, idIn } from './sessions.ts';
import { findStored } from './stored.ts';

/** A record as it is noted. */
export interface AuditNote extends AuditRecord {
  /**
   * What a request says of itself: told only where it is there, since anything in it may be a secret that was put into
   * the wrong place.
   */
  claimed?: Claims;
}

/** What a request says of itself. */
export interface Claims {
  /** A Client's id. */
  client?: string | undefined;
  /** A User's id, name or email. */
  login?: string | undefined;
  /** The resource that was asked for: `Type/id`, of a type that is served. */
  what?: string | undefined;
}

export interface Audit {
  /** Notes an event in memory; it costs its request nothing more. */
  note(note: AuditNote): void;
  /** Writes what was noted since the last time, in groups. */
  flush(): Promise<void>;
}

interface Noted extends Occurrences {
  note: AuditNote;
  /** Under which it is counted. */
  key: string;
}

/** Events noted between two flushes: what goes beyond is counted. Whoever is refused cannot crowd out the others. */
const MOST_REFUSED = 500;
const MOST_OTHERS = 10_000;
const EVENTS_AT_ONCE = 32;

/** Nothing is noted. */
export const NO_AUDIT: Audit = { note: () => undefined, flush: async () => undefined };

/**
 * Gathers events until they are flushed. Equal refusals, by the same account and network, are one event with a count,
 * so that a flood of them fills neither memory nor disk. `site` is the address of the server.
 */
export function createAudit({ engine, clock, site }: { engine: Engine; clock: Clock; site: string }): Audit {
  let noted = new Map<string, Noted>();
  let refused = 0;
  let serial = 0;

  function count(key: string, note: AuditNote): void {
    const now = clock();
    const known = noted.get(key);
    if (known) {
      known.count += 1;
      known.last = now;
    } else {
      noted.set(key, { note, key, count: 1, first: now, last: now });
    }
  }

  function note(note: AuditNote): void {
    serial += 1;
    // What went well is told one by one: each login and each token is somebody's.
    const key = isRefusal(note) ? keyOf(note) : String(serial);
    const isKnown = noted.has(key);
    const isFull = isRefusal(note) ? refused >= MOST_REFUSED : noted.size - refused >= MOST_OTHERS;
    if (isFull && !isKnown) {
      count(OVERFLOW_KEY, OVERFLOW);
      return;
    }
    if (isRefusal(note) && !isKnown) refused += 1;
    count(key, note);
  }

  engine.onCommit((changes) => {
    for (const change of changes) if (isRevocation(change, clock())) note(revocation(change));
  });

  async function write(event: Noted): Promise<void> {
    const resource = auditEvent(await proven(engine, event.note), event, site);
    await engine.create('AuditEvent', resource, { by: 'server' });
  }

  /** Keeps an event for the next time, beside what was noted meanwhile. */
  function putBack(event: Noted): void {
    const { key } = event;
    if (isRefusal(event.note) && !noted.has(key)) refused += 1;
    const { count = 0, last = event.last } = noted.get(key) ?? {};
    noted.set(key, { ...event, count: event.count + count, last });
  }

  return {
    note,
    async flush() {
      const events = [...noted.values()];
      noted = new Map();
      refused = 0;
      const problems: unknown[] = [];
      for (let start = 0; start < events.length; start += EVENTS_AT_ONCE) {
        const together = events.slice(start, start + EVENTS_AT_ONCE).map((event) =>
          write(event).catch((problem: unknown) => {
            problems.push(problem);
            // What is refused for itself would be refused again.
            if (!(problem instanceof Failure) || problem.code === 'busy') putBack(event);
          }),
        );
        await Promise.all(together);
      }
      if (problems.length > 0) throw problems[0];
    },
  };
}

const OVERFLOW: AuditNote = { kind: 'overflow', outcome: '8' };
const OVERFLOW_KEY = keyOf(OVERFLOW);

function isRefusal({ outcome }: AuditNote): boolean {
  return outcome !== '0';
}

/** What makes refusals equal: not which resource exactly was asked for, which a caller can vary for ever. */
function keyOf(note: AuditNote): string {
  const { address, claimed = {}, ...rest } = note;
  return JSON.stringify([rest, claimed.client, claimed.login, networkOf(address ?? '')]);
}

/** The record of a note, with what of its claims is there. */
async function proven(engine: Engine, { claimed = {}, ...record }: AuditNote): Promise<AuditRecord> {
  const { client = '', login, what } = claimed;
  const holder = login === undefined ? undefined : await engine.holder('login', login);
  const [type = '', id = ''] = what?.split('/') ?? [];
  const isThere = what !== undefined && (await findStored(engine, type, id)) !== undefined;
  return {
    ...record,
    client: record.client ?? (await findStored(engine, 'Client', client))?.id,
    user: record.user ?? (holder?.type === 'User' ? holder.id : undefined),
    what: record.what ?? (isThere ? what : undefined),
  };
}

/** True for a Session that ended before its time. */
function isRevocation({ type, before, after }: Change, now: number): boolean {
  if (type !== 'Session' || !before || before['active'] === false) return false;
  return (after === undefined || after['active'] === false) && goodUntil(before) > now;
}

function revocation({ id, before = {} }: Change): AuditNote {
  const [user, client] = [idIn(before, 'user'), idIn(before, 'client')];
  return { kind: 'token-revoked', outcome: '0', user, client, what: `Session/${id}` };
}
