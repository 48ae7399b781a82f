import type { IncomingMessage } from 'node:http';
import { Duplex, Readable } from 'node:stream';
import { koaBody } from 'koa-body';
import { Failure } from '../../resources/errors.ts';
import { isObject, type Json, type JsonObject } from '../../resources/json/value.ts';
import type { Config } from '../config.ts';
import type { Context, Step } from '../context.ts';
import { parseForm } from '../formats/form.ts';
import { type BodyKind, bodyType, PATCH_TYPES, valueType } from '../formats/media-types.ts';
import type { Desk } from '../load/desk.ts';
import { HeldBytes, type Holding, MOST_HELD } from '../load/held-bytes.ts';

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

/** The resource in a request's body. Rejects with `media-type` (415), `malformed` (400), or as the desk does. */
export async function readResource(ctx: Context, desk: Desk): Promise<JsonObject> {
  const { format } = valueType(ctx.get('Content-Type'), ['resource']);
  const value = await desk.read(format, bytesOf(ctx), ctx.state.since);
  if (!isObject(value)) throw new Failure('malformed', 'The body must be one resource: an object.');
  return value;
}

/** A patch, and by which standard it is one. */
export interface Patch {
  kind: BodyKind;
  value: Json;
}

/** The patch in a request's body. Rejects as `readResource`. */
export async function readPatch(ctx: Context, desk: Desk): Promise<Patch> {
  // A refusal of another type tells which would do (RFC 5789 §2.2).
  ctx.set('Accept-Patch', PATCH_TYPES);
  const { kind, format } = valueType(ctx.get('Content-Type'), ['json-patch', 'merge-patch']);
  return { kind, value: await desk.read(format, bytesOf(ctx), ctx.state.since) };
}

/** The pairs of a form in a request's body; none where nothing was sent. Rejects as `readResource`. */
export async function readForm(ctx: Context, desk: Desk): Promise<[name: string, value: string][]> {
  const bytes = bytesOf(ctx);
  if (ctx.get('Content-Type') === '' && bytes.length === 0) return [];
  bodyType(ctx.get('Content-Type'), ['form']);
  return parseForm(await desk.text(bytes, ctx.state.since));
}

/** The body of a request; empty where there was none. */
export function bytesOf(ctx: Context): Uint8Array {
  const bytes: unknown = ctx.request.body;
  return bytes instanceof Uint8Array ? bytes : NONE;
}
