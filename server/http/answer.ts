import type { Version, WriteResult } from '../../resources/engine.ts';
import type { Json, JsonObject } from '../../resources/json/value.ts';
import type { Context } from '../context.ts';
import { type Answer, negotiate } from '../formats/negotiate.ts';
import type { Result } from '../interactions/interaction.ts';
import type { BodyScheduler } from '../load/body-scheduler.ts';
import { prefers } from './preferences.ts';
import { operationOutcome, wishes } from './respond.ts';

/**
 * Returns the format in which a request wants its response. Throws `not-acceptable` (406). Called before any work is
 * done; for a search, once its form is read.
 */
export function wanted(ctx: Context): Answer {
  return negotiate(wishes(ctx));
}

/** Bytes of a page that is sent as stored, and of one that is rendered, which blocks the event loop. */
const PAGE_BYTES = { stored: 8 * 1024 * 1024, rendered: 1024 * 1024 };

/** Returns the bytes of text at which a page ends; it has at least one resource. */
export function pageBytes(answer: Answer): number {
  return isAsStored(answer) ? PAGE_BYTES.stored : PAGE_BYTES.rendered;
}

/** Returns true if stored text is sent unchanged. */
function isAsStored({ format, pretty }: Answer): boolean {
  return format === 'json' && !pretty;
}

/**
 * Responds with JSON text: unchanged if JSON is wanted, otherwise converted to the wanted format.
 * @param since when the wait began, if the response may be rejected for waiting too long, nothing having been done yet
 */
export function sendText(
  ctx: Context,
  answer: Answer,
  { text, bodyScheduler, since }: { text: string; bodyScheduler: BodyScheduler; since?: number | undefined },
): Promise<void> | undefined {
  ctx.res.setHeader('Content-Type', answer.contentType);
  const rendered = isAsStored(answer) ? text : bodyScheduler.render(answer, text, since);
  if (typeof rendered !== 'string') return sendLater(ctx, rendered);
  ctx.body = rendered;
  return undefined;
}

async function sendLater(ctx: Context, rendered: Promise<string>): Promise<void> {
  ctx.body = await rendered;
}

/** Responds with a value made for this request. */
export function send(ctx: Context, answer: Answer, value: Json): void {
  ctx.res.setHeader('Content-Type', answer.contentType);
  ctx.body = answer.render(value);
}

/** Responds with the result of an interaction (FHIR R4 §3.1.0.1, §3.1.0.3). */
export function sendResult(
  ctx: Context,
  answer: Answer,
  result: Result,
  bodyScheduler: BodyScheduler,
): Promise<void> | undefined {
  const { status, version, text, written } = result;
  ctx.status = status;
  if (version) setVersionHeaders(ctx, version);
  if (status === 204 || status === 304) return undefined;
  const preferred = written && prefers({ header: (name) => ctx.get(name) }, 'return');
  const isGiven = preferred !== 'minimal' && preferred !== 'OperationOutcome';
  // A conditional write of an existing resource needs Location too if neither path nor response has its id.
  if (version && (status === 201 || (!isGiven && ctx['params'].id === undefined))) {
    const { type, id, versionId } = version;
    ctx.set('Location', `${ctx.state.base}/${type}/${id}/_history/${versionId}`);
  }
  if (preferred === 'minimal') {
    // An empty text keeps the status: without a body, koa would make it 204.
    ctx.body = '';
    ctx.remove('Content-Type');
  } else if (preferred === 'OperationOutcome' && written && version) {
    send(ctx, answer, writeOutcome(version, written));
  } else {
    const since = written ? undefined : ctx.state.since;
    return sendText(ctx, answer, { text: text ?? version?.text ?? '', bodyScheduler, since });
  }
  return undefined;
}

/** Returns the OperationOutcome for `Prefer: return=OperationOutcome`. */
export function writeOutcome({ type, id, versionId }: Version, written: WriteResult['outcome']): JsonObject {
  const diagnostics = `${type}/${id} was ${written} as version ${versionId}.`;
  return operationOutcome([{ severity: 'information', code: 'informational', diagnostics }]);
}

function setVersionHeaders(ctx: Context, { versionId, lastUpdated }: Version): void {
  ctx.res.setHeader('ETag', `W/"${versionId}"`);
  ctx.res.setHeader('Last-Modified', new Date(lastUpdated).toUTCString());
}
