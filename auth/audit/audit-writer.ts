import type { Engine } from '../../resources/engine.ts';
import { Failure } from '../../resources/errors.ts';
import { findStored } from '../stored.ts';
import { auditEvent } from './audit-event.ts';
import { include, isRefusal, keyOf, type Noted } from './audit-notes.ts';

/** The result of a write of events. */
export interface Written {
  /** Events to be written later. */
  left: readonly Noted[];
  problem: unknown;
}

const EVENTS_A_JOB = 64;

/**
 * Returns a function that writes events, some per job, until the database accepts no more. `site` is the server's
 * address.
 */
export function auditWriter(engine: Engine, site: string): (events: readonly Noted[]) => Promise<Written> {
  async function store(events: readonly Noted[]): Promise<void> {
    const told = together(await Promise.all(events.map((event) => proven(engine, event))));
    const drafts = told.map((event) => {
      return engine.draft('AuditEvent', engine.newId(), auditEvent(event.note, event, site));
    });
    await engine.transact(async (transaction) => {
      for (const draft of drafts) await transaction.insert(draft);
    });
  }

  async function writeTogether(events: readonly Noted[]): Promise<Written> {
    try {
      await store(events);
      return { left: [], problem: undefined };
    } catch (problem) {
      if (!isRefused(problem)) return { left: events, problem };
      // An event that was refused for its content would be refused again: the others are retried without it.
      return events.length > 1 ? writeApart(events, 1) : { left: [], problem };
    }
  }

  async function writeApart(events: readonly Noted[], size: number): Promise<Written> {
    let problem: unknown;
    for (let start = 0; start < events.length; start += size) {
      const written = await writeTogether(events.slice(start, start + size));
      problem ??= written.problem;
      if (written.left.length > 0) return { left: events.slice(start), problem };
    }
    return { left: [], problem };
  }

  return (events) => writeApart(events, EVENTS_A_JOB);
}

function isRefused(problem: unknown): boolean {
  return problem instanceof Failure && problem.code !== 'busy';
}

/** Merges refusals that are equal once it is known which claimed names exist. */
function together(events: readonly Noted[]): Noted[] {
  const refusals = new Map<string, Noted>();
  return events.filter((event) => {
    const key = isRefusal(event.note) ? keyOf(event.note) : undefined;
    const known = key === undefined ? undefined : refusals.get(key);
    if (known) include(known, event);
    else if (key !== undefined) refusals.set(key, event);
    return !known;
  });
}

/** Returns the event with only those of its claims that exist. */
async function proven(engine: Engine, { note: { claimed = {}, ...record }, ...noted }: Noted): Promise<Noted> {
  const { client = '', login, what } = claimed;
  const holder = login === undefined ? undefined : await engine.holder('login', login);
  const [type = '', id = ''] = what?.split('/') ?? [];
  const isThere = what !== undefined && (await findStored(engine, type, id)) !== undefined;
  const note = {
    ...record,
    client: record.client ?? (await findStored(engine, 'Client', client))?.id,
    user: record.user ?? (holder?.type === 'User' ? holder.id : undefined),
    what: record.what ?? (isThere ? what : undefined),
  };
  return { ...noted, note };
}
