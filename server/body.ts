import type { IncomingMessage } from 'node:http';
import { Duplex, Readable } from 'node:stream';
import { koaBody } from 'koa-body';
import { Failure } from '../resources/errors.ts';
import { isObject, type Json, type JsonObject } from '../resources/json/value.ts';
import type { Config } from './config.ts';
import type { Context, Step } from './context.ts';
import { parseForm } from './formats/form.ts';
import { type BodyKind, bodyType, valueType } from './formats/media-types.ts';
import { decodeUtf8 } from './formats/text.ts';
import { HeldBytes, type Holding, MOST_HELD } from './held-bytes.ts';

const WITH_BODY: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH']);

/** Bytes that a piece of a body takes in memory beside its own, as it came: a body may come byte by byte. */
const PIECE = 400;

/** Bytes that it takes to inflate a body, beside what comes of it. */
const INFLATER = 64 * 1024;

const NONE = new Uint8Array();

/** The room that there is for bodies: several of the largest have to fit. */
export function roomForBodies({ maxBody }: Config): HeldBytes {
  return new HeldBytes(Math.max(MOST_HELD, 4 * maxBody));
}

/**
 * Reads bodies as bytes, whatever their type: the endpoint says which types it takes and parses them.
 * The limit is on inflated bytes. One that has to give way is refused with `busy` (503).
 */
export function readBytes(config: Config, bodies: HeldBytes): Step {
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
  return async (ctx, next) => {
    if (!WITH_BODY.has(ctx.method)) return next();
    if (ctx.req.destroyed) throw cutOff();
    let source: Readable = ctx.req;
    const body = bodies.hold(ctx.state.address, () => fail(ctx.req, source, tooMuch()));
    try {
      const inflated = inflating(ctx.req);
      const whole = read(ctx, async () => undefined);
      source = inflated();
      watch(ctx, source, body);
      await whole;
      body.resize(bytesOf(ctx).length);
      await next();
    } finally {
      body.release();
    }
  };
}

const cutOff = () => new Failure('malformed', 'The body did not arrive whole.');
const tooMuch = () => new Failure('busy', 'Too much is being sent at once. Send it again.', { retryAfter: 1 });

/** Tells, once a body is read, from what: the request, or what koa-body pipes it into where it is to be inflated. */
function inflating(request: IncomingMessage): () => Readable {
  let source: Readable = request;
  request.pipe = (target, options) => {
    if (target instanceof Duplex) source = target;
    return Readable.prototype.pipe.call(request, target, options) as typeof target;
  };
  return () => source;
}

/** Tells how much of a body there is while it comes. */
function watch(ctx: Context, source: Readable, body: Holding): void {
  const { req, state } = ctx;
  const began = performance.now();
  let bytes = source === req ? 0 : INFLATER;
  source.on('data', (piece: Buffer) => {
    bytes += piece.length + PIECE;
    body.resize(bytes);
  });
  source.once('end', body.settle);
  // Whoever reads it lets go of it then; and an error that nobody hears any more would end the process.
  source.on('error', body.release);
  req.once('end', () => {
    // While it sends, the caller waits for nothing.
    state.since += performance.now() - began;
  });
  // What inflates a body is not told that its sender has left.
  req.once('close', () => {
    if (!req.complete) fail(req, source, cutOff());
  });
  body.resize(bytes);
}

/** Makes the reading of a body fail, and leaves the connection for the answer. */
function fail(request: IncomingMessage, source: Readable, failure: Failure): void {
  if (source === request) request.emit('error', failure);
  else source.destroy(failure);
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
  return decodeUtf8(bytesOf(ctx));
}

function bytesOf(ctx: Context): Uint8Array {
  const bytes: unknown = ctx.request.body;
  return bytes instanceof Uint8Array ? bytes : NONE;
}
