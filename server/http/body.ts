import type { IncomingMessage } from 'node:http';
import { Duplex, Readable } from 'node:stream';
import { koaBody } from 'koa-body';
import { Failure } from '../../resources/errors.ts';
import { isObject, type Json, type JsonObject } from '../../resources/json/value.ts';
import type { Config } from '../config.ts';
import type { Context, Step } from '../context.ts';
import { parseForm } from '../formats/form.ts';
import { type BodyKind, bodyType, PATCH_TYPES, valueType } from '../formats/media-types.ts';
import type { BodyScheduler } from '../load/body-scheduler.ts';
import { HeldBytes, type Holding, MOST_HELD } from '../load/held-bytes.ts';

const WITH_BODY: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH']);

/** Overhead in bytes of each chunk of a body: a body may arrive byte by byte. */
const PIECE = 400;

/** Bytes of an inflater, besides its output. */
const INFLATER = 64 * 1024;

const NONE = new Uint8Array();

/** Creates the budget for request bodies: several of the largest size fit. */
export function roomForBodies({ maxBody }: Config): HeldBytes {
  return new HeldBytes(Math.max(MOST_HELD, 4 * maxBody));
}

/**
 * Reads a body as bytes, whatever its type: the endpoint decides which types it accepts, and parses them.
 * The limit counts inflated bytes. Rejects with `busy` (503) if the body is evicted to make room for others.
 */
export function readBytes(config: Config, bodies: HeldBytes): Step {
  const read = koaBody({
    text: true,
    textTypes: ['*/*'],
    json: false,
    urlencoded: false,
    multipart: false,
    // No encoding: as bytes, so that invalid UTF-8 is rejected and not replaced.
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

const cutOff = () => new Failure('malformed', 'The request body is incomplete.');
const tooMuch = () =>
  new Failure('busy', 'Too many request bodies are arriving at once. Try again.', { retryAfter: 1 });

/** Returns a function that gives the stream that koa-body reads: the request, or the inflater it pipes it into. */
function inflating(request: IncomingMessage): () => Readable {
  let source: Readable = request;
  request.pipe = (target, options) => {
    if (target instanceof Duplex) source = target;
    return Readable.prototype.pipe.call(request, target, options) as typeof target;
  };
  return () => source;
}

/** Counts the bytes of a body while they arrive. */
function watch(ctx: Context, source: Readable, body: Holding): void {
  const { req, state } = ctx;
  const began = performance.now();
  let bytes = source === req ? 0 : INFLATER;
  source.on('data', (piece: Buffer) => {
    bytes += piece.length + PIECE;
    body.resize(bytes);
  });
  source.once('end', body.settle);
  // Frees the bytes on an error. The listener also matters by itself: without one, an error would end the process.
  source.on('error', body.release);
  req.once('end', () => {
    // The time to send the body does not count as waiting.
    state.since += performance.now() - began;
  });
  // The inflater does not notice that the client has disconnected.
  req.once('close', () => {
    if (!req.complete) fail(req, source, cutOff());
  });
  body.resize(bytes);
}

/** Fails the reading of a body, and leaves the connection open for the response. */
function fail(request: IncomingMessage, source: Readable, failure: Failure): void {
  if (source === request) request.emit('error', failure);
  else source.destroy(failure);
}

/** Returns the resource in a body. Rejects with `media-type` (415), `malformed` (400), or as the scheduler does. */
export async function readResource(ctx: Context, bodyScheduler: BodyScheduler): Promise<JsonObject> {
  const { format } = valueType(ctx.get('Content-Type'), ['resource']);
  const value = await bodyScheduler.read(format, bytesOf(ctx), ctx.state.since);
  if (!isObject(value)) throw new Failure('malformed', 'The body must be one resource (an object).');
  return value;
}

/** A patch and its kind: JSON Patch or merge patch. */
export interface Patch {
  kind: BodyKind;
  value: Json;
}

/** Returns the patch in a request body. Rejects as `readResource`. */
export async function readPatch(ctx: Context, bodyScheduler: BodyScheduler): Promise<Patch> {
  // If the media type is rejected, this header says which are accepted (RFC 5789 §2.2).
  ctx.set('Accept-Patch', PATCH_TYPES);
  const { kind, format } = valueType(ctx.get('Content-Type'), ['json-patch', 'merge-patch']);
  return { kind, value: await bodyScheduler.read(format, bytesOf(ctx), ctx.state.since) };
}

/** Returns the name-value pairs of a form in a request body; none if the body is empty. Rejects as `readResource`. */
export async function readForm(ctx: Context, bodyScheduler: BodyScheduler): Promise<[name: string, value: string][]> {
  const bytes = bytesOf(ctx);
  if (ctx.get('Content-Type') === '' && bytes.length === 0) return [];
  bodyType(ctx.get('Content-Type'), ['form']);
  return parseForm(await bodyScheduler.text(bytes, ctx.state.since));
}

/** Returns the bytes of a request body; none if there was no body. */
export function bytesOf(ctx: Context): Uint8Array {
  const bytes: unknown = ctx.request.body;
  return bytes instanceof Uint8Array ? bytes : NONE;
}
