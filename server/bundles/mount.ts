import type Router from '@koa/router';
import { Failure } from '../../resources/errors.ts';
import type { Json, JsonObject } from '../../resources/json/value.ts';
import { noteDenial } from '../access/denials.ts';
import { guard } from '../access/guard.ts';
import type { AppOptions } from '../app.ts';
import type { Context, RequestState } from '../context.ts';
import type { Answer } from '../formats/negotiate.ts';
import { pageBytes, sendText, wanted } from '../http/answer.ts';
import { bytesOf, readResource } from '../http/body.ts';
import { asFailure, logFailure } from '../http/respond.ts';
import { batch } from './batch.ts';
import { refuseOthers } from './elements.ts';
import { type BundleEntry, type Outer, readEntry } from './entry.ts';
import { inEntry } from './failure.ts';
import { responseBundle } from './response.ts';
import { AnswerRoom } from './room.ts';
import { transact } from './transaction.ts';

/**
 * The supported types of a Bundle sent to the base (https://hl7.org/fhir/R4/valueset-system-restful-interaction.html).
 */
export const BUNDLE_TYPES = ['transaction', 'batch'];

/** A transaction is one job of the write queue, which blocks all others. */
const MOST_ENTRIES = 2000;

/** Mounts `POST /`: several requests in one Bundle (FHIR R4 §3.1.0.11). Policies judge each entry, not the Bundle. */
export function mountBundles(router: Router<RequestState>, options: AppOptions): void {
  const { engine, registry, cursors, clock, auth, config, logger, bodyScheduler } = options;
  router.post('/', async (ctx) => {
    const answer = wanted(ctx);
    const judge = await guard(auth, ctx);
    const { type, items } = readBundle(await readResource(ctx, bodyScheduler));
    const outer = outerOf(ctx, answer, options);
    // Enough for a page with its includes, and for everything that was sent.
    const newRoom = () => new AnswerRoom(2 * Math.max(pageBytes(answer), config.maxBody));
    const services = { engine, registry, cursors, clock, judge, baseUrl: config.baseUrl };
    if (type === 'transaction') {
      const entries = await readAll(items, outer, readOrThrow);
      const text = responseBundle(type, await transact(entries, services, newRoom));
      return sendText(ctx, answer, { text, bodyScheduler });
    }
    const entries = await readAll(items, outer, readOrFail);
    const outcomes = await batch(entries, services, newRoom());
    for (const [index, outcome] of outcomes.entries()) {
      if (!(outcome instanceof Failure)) continue;
      logFailure(logger, ctx, outcome);
      const entry = entries[index];
      if (entry && !(entry instanceof Failure)) noteDenial({ audit: auth.audit, registry }, ctx.state, entry, outcome);
    }
    await outer.yieldTurn?.();
    return sendText(ctx, answer, { text: responseBundle(type, outcomes), bodyScheduler });
  });
}

function readBundle(body: JsonObject): { type: string; items: Json[] } {
  const { resourceType, type, entry = [] } = body;
  if (resourceType !== 'Bundle') {
    throw new Failure('malformed', 'Send a Bundle here; send other resources to the address of their type.', {
      expression: 'Bundle.resourceType',
    });
  }
  if (typeof type !== 'string' || !BUNDLE_TYPES.includes(type)) {
    throw new Failure('business-rule', 'Bundle.type must be batch or transaction.', { expression: 'Bundle.type' });
  }
  refuseOthers(body, 'Bundle', 'Bundle');
  if (!Array.isArray(entry)) {
    throw new Failure('malformed', 'Bundle.entry must be a list.', { expression: 'Bundle.entry' });
  }
  if (entry.length > MOST_ENTRIES) {
    const message = `A Bundle can have at most ${MOST_ENTRIES} entries: split it.`;
    throw new Failure('too-large', message, { expression: 'Bundle.entry' });
  }
  return { type, items: entry };
}

function outerOf(
  ctx: Context,
  answer: Answer,
  { engine, cursors, config: { baseUrl }, bodyScheduler }: AppOptions,
): Outer {
  return {
    base: ctx.state.base,
    baseUrl,
    cursors,
    pageBytes: pageBytes(answer),
    prefer: ctx.get('Prefer'),
    newId: () => engine.newId(),
    yieldTurn: bodyScheduler.paceOf(bytesOf(ctx).length),
    bounds: bodyScheduler.bounds,
  };
}

async function readAll<Read>(
  items: readonly Json[],
  outer: Outer,
  read: (item: Json, place: string, outer: Outer) => Read,
): Promise<Read[]> {
  const entries: Read[] = [];
  for (const [index, item] of items.entries()) {
    await outer.yieldTurn?.();
    entries.push(read(item, `Bundle.entry[${index}]`, outer));
  }
  return entries;
}

function readOrThrow(item: Json, place: string, outer: Outer): BundleEntry {
  try {
    return readEntry(item, place, outer);
  } catch (error) {
    throw inEntry(error, place);
  }
}

function readOrFail(item: Json, place: string, outer: Outer): BundleEntry | Failure {
  try {
    return readOrThrow(item, place, outer);
  } catch (error) {
    return asFailure(error);
  }
}
