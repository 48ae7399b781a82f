import type { Version, WriteResult } from '../resources/engine.ts';
import type { Issue } from '../resources/errors.ts';
import { readJson } from '../resources/json/read.ts';
import type { Json } from '../resources/json/value.ts';
import type { Context } from './context.ts';
import { type Answer, negotiate } from './formats/negotiate.ts';
import { formatParameter, operationOutcome } from './respond.ts';

/** How this request wants its answer. Throws `not-acceptable` (406); asked before anything is done. */
export function wanted(ctx: Context): Answer {
  return negotiate({ accept: ctx.get('Accept'), format: formatParameter(ctx) });
}

/** Answers with JSON text: as it is where JSON is wanted, else the same value in the format that is. */
export function sendText(ctx: Context, answer: Answer, text: string): void {
  ctx.set('Content-Type', answer.contentType);
  ctx.body = answer.format === 'json' ? text : answer.render(readJson(text));
}

/** Answers with a value that was made for this request. */
export function send(ctx: Context, answer: Answer, value: Json): void {
  ctx.set('Content-Type', answer.contentType);
  ctx.body = answer.render(value);
}

/** Answers with one version: 200, or 304 where the caller has it (RFC 9110 §13.1.2, §13.1.3). */
export function sendVersion(ctx: Context, answer: Answer, version: Version): void {
  setVersionHeaders(ctx, version);
  if (isFresh(ctx, version)) {
    ctx.status = 304;
    return;
  }
  ctx.status = 200;
  sendText(ctx, answer, version.text ?? '');
}

/** Answers a create or an update: 201 with a Location or 200, and what `Prefer` asks for (FHIR R4 §3.1.0.3). */
export function sendWritten(ctx: Context, answer: Answer, { outcome, version }: WriteResult): void {
  const { type, id, versionId } = version;
  setVersionHeaders(ctx, version);
  ctx.status = outcome === 'created' ? 201 : 200;
  if (outcome === 'created') ctx.set('Location', `${ctx.state.base}/${type}/${id}/_history/${versionId}`);
  const preferred = /(?:^|[,;\s])return\s*=\s*"?(\w+)/.exec(ctx.get('Prefer'))?.[1];
  if (preferred === 'minimal') {
    // An empty text keeps the status: without a body, koa would make it 204.
    ctx.body = '';
    ctx.remove('Content-Type');
  } else if (preferred === 'OperationOutcome') {
    send(ctx, answer, operationOutcome([information(`${type}/${id} was ${outcome} as version ${versionId}.`)]));
  } else {
    sendText(ctx, answer, version.text ?? '');
  }
}

function information(diagnostics: string): Issue {
  return { severity: 'information', code: 'informational', diagnostics };
}

function setVersionHeaders(ctx: Context, { versionId, lastUpdated }: Version): void {
  ctx.set('ETag', `W/"${versionId}"`);
  ctx.set('Last-Modified', new Date(lastUpdated).toUTCString());
}

function isFresh(ctx: Context, { versionId, lastUpdated }: Version): boolean {
  const tags = ctx.get('If-None-Match');
  if (tags !== '') return tags.trim() === '*' || entityTags(tags).includes(String(versionId));
  const since = Date.parse(ctx.get('If-Modified-Since'));
  // The header has whole seconds.
  return !Number.isNaN(since) && Math.floor(lastUpdated / 1000) * 1000 <= since;
}

/** The opaque parts of a list of entity tags, weak or strong: `W/"1", "2"`. */
export function entityTags(header: string): string[] {
  return [...header.matchAll(/(?:W\/)?"([^"]*)"/g)].map(([, tag]) => tag ?? '');
}
