import { koaBody } from 'koa-body';
import { Failure } from '../resources/errors.ts';
import { isObject, type Json, type JsonObject } from '../resources/json/value.ts';
import type { Config } from './config.ts';
import type { Context, Step } from './context.ts';
import { parseForm } from './formats/form.ts';
import { type BodyKind, bodyType, valueType } from './formats/media-types.ts';
import { decodeUtf8 } from './formats/text.ts';

/**
 * Reads bodies as bytes, whatever their type: the endpoint says which types it takes and parses them.
 * The limit is on inflated bytes.
 */
export function readBytes(config: Config): Step {
  const read = koaBody({
    text: true,
    textTypes: ['*/*'],
    json: false,
    urlencoded: false,
    multipart: false,
    // No encoding: bytes, so that those that are not UTF-8 are refused and not replaced.
    encoding: '',
    textLimit: config.maxBody,
  }) as Step;
  return (ctx, next) => {
    if (ctx.method === 'GET' || ctx.method === 'HEAD') return next();
    const began = performance.now();
    return read(ctx, () => {
      // While it sends, the caller waits for nothing.
      ctx.state.since += performance.now() - began;
      return next();
    });
  };
}

/** The resource in a request's body. Throws `media-type` (415) or `malformed` (400). */
export function readResource(ctx: Context): JsonObject {
  const { format } = valueType(ctx.get('Content-Type'), ['resource']);
  const value = format.parse(bodyText(ctx));
  if (!isObject(value)) throw new Failure('malformed', 'The body must be one resource: an object.');
  return value;
}

/** A patch, and by which standard it is one. */
export interface Patch {
  kind: BodyKind;
  value: Json;
}

/** The patch in a request's body. Throws `media-type` (415) or `malformed` (400). */
export function readPatch(ctx: Context): Patch {
  const { kind, format } = valueType(ctx.get('Content-Type'), ['json-patch', 'merge-patch']);
  return { kind, value: format.parse(bodyText(ctx)) };
}

/** The pairs of a form in a request's body; none where nothing was sent. Throws `media-type` (415) or `malformed`. */
export function readForm(ctx: Context): [name: string, value: string][] {
  if (ctx.get('Content-Type') === '' && bodyText(ctx) === '') return [];
  bodyType(ctx.get('Content-Type'), ['form']);
  return parseForm(bodyText(ctx));
}

/** The body as text; empty where there was none. Throws `malformed` (400) for bytes that are not UTF-8. */
export function bodyText(ctx: Context): string {
  const bytes: unknown = ctx.request.body;
  return bytes instanceof Uint8Array ? decodeUtf8(bytes) : '';
}
