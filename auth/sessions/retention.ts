import { setTimeout as pause } from 'node:timers/promises';
import type { Clock } from '../../resources/clock.ts';
import type { Engine, Version } from '../../resources/engine.ts';
import type { JsonObject } from '../../resources/json/value.ts';
import type { Registry } from '../../resources/registry.ts';
import { parseSearch } from '../../resources/search/parse.ts';
import { isOwnEvent, OBSERVER } from '../audit/audit-event.ts';
import type { Chore } from '../chore.ts';
import { storedOf } from '../stored.ts';
import { goodUntil } from './sessions.ts';

/** Which resources are kept for a time after they are over, and then erased. */
export interface Retention {
  type: string;
  /** How long they are kept, in seconds. */
  seconds: number;
  /** Returns the searches, as name-value pairs, for resources that were over before an instant. */
  searches(moment: string): [name: string, value: string][][];
  /**
   * Whether the resource was over before `moment`, in milliseconds since the epoch. Checked again before it is erased.
   */
  isOver(resource: JsonObject, moment: number): boolean;
  /** True if deleted resources of the type are erased too, with their versions. */
  deletions: boolean;
}

interface SweepContext {
  engine: Engine;
  registry: Registry;
  clock: Clock;
}

/** Resources per job: few, so that requests hardly wait for it. */
const BATCH = 50;
/** Milliseconds between two jobs, in which waiting requests are served. */
const PAUSE = 10;
const SECONDS_BETWEEN = 600;
/** The first sweep is delayed, because a start has more urgent work. */
const SECONDS_AFTER_START = 30;

/** Returns the chore that erases resources whose retention has passed. Several nodes may run it at the same time. */
export function sweep(context: SweepContext, retention: Retention): Chore {
  const { engine, clock } = context;
  const { type, seconds } = retention;
  return {
    name: `Deleting expired ${type}s`,
    seconds: SECONDS_BETWEEN,
    firstSeconds: SECONDS_AFTER_START,
    async run(signal) {
      const moment = clock() - seconds * 1000;
      for (const pairs of retention.searches(new Date(moment).toISOString())) {
        await inBatches(context, retention, { moment, signal }, () => find(context, type, pairs));
      }
      if (retention.deletions) {
        await inBatches(context, retention, { moment, signal }, () => engine.deletions(type, moment, BATCH));
      }
    },
  };
}

async function find({ engine, registry, clock }: SweepContext, type: string, pairs: [string, string][]) {
  const shape: [string, string][] = [
    ['_count', String(BATCH)],
    ['_total', 'none'],
  ];
  const search = parseSearch(registry, type, [...pairs, ...shape], { base: '', now: clock() });
  return (await engine.search(search)).matches;
}

/** Erases what `find` returns, batch by batch, until it returns nothing more. */
async function inBatches(
  { engine }: SweepContext,
  retention: Retention,
  { moment, signal }: { moment: number; signal: AbortSignal },
  find: () => Promise<Version[]>,
): Promise<void> {
  for (;;) {
    const found = await find();
    if (found.length === 0) return;
    const ids = found.map(({ id }) => id);
    const removed = await engine.transact(async (transaction) => {
      const over: Version[] = [];
      for (const id of ids) {
        const current = await transaction.current(retention.type, id);
        if (current && isStillOver(retention, current, moment)) over.push(current);
      }
      await transaction.erase(retention.type, over);
      return over.length;
    }, found);
    // If nothing could be erased, the same resources would be found forever.
    if (removed === 0 || found.length < BATCH || signal.aborted) return;
    await pause(PAUSE);
  }
}

function isStillOver({ isOver, deletions }: Retention, version: Version, moment: number): boolean {
  if (version.text === null) return deletions && version.lastUpdated < moment;
  const resource = storedOf(version)?.resource;
  return resource !== undefined && isOver(resource, moment);
}

/** Returns the retention of the server's own AuditEvents. Those sent by clients are kept. */
export function keptEvents(seconds: number): Retention {
  return {
    type: 'AuditEvent',
    seconds,
    searches: (moment) => [
      [
        ['date', `lt${moment}`],
        ['source:identifier', `${OBSERVER.system}|${OBSERVER.value}`],
      ],
    ],
    isOver: (event, moment) => isOwnEvent(event) && Date.parse(String(event['recorded'])) < moment,
    deletions: false,
  };
}

/** Returns the retention of Sessions: those that were closed or deleted, or whose tokens have all expired. */
export function keptSessions(seconds: number): Retention {
  return {
    type: 'Session',
    seconds,
    // A Session that was ended after it expired is kept from its end on: without `active`, these could block a sweep.
    searches: (moment) => [
      [['end', `lt${moment}`]],
      [
        ['active', 'true'],
        ['exp', `lt${moment}`],
        ['refresh-token-exp:missing', 'true'],
      ],
      [
        ['active', 'true'],
        ['refresh-token-exp', `lt${moment}`],
        ['exp', `lt${moment}`],
      ],
    ],
    isOver: (session, moment) => {
      const over = session['active'] === false ? Date.parse(String(session['end'])) : goodUntil(session);
      return over < moment;
    },
    deletions: true,
  };
}
