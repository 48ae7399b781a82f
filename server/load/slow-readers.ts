import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import type { Step } from '../context.ts';
import { type HeldBytes, MOST_HELD } from './held-bytes.ts';

/** Milliseconds a client may take to read a response, which is held in memory until then. */
export const ANSWER_TIMEOUT = 60_000;

/** Milliseconds without progress after which a client counts as stuck; the system accepts data in large steps. */
export const STUCK_AFTER = 20_000;

/** Bytes of responses beyond which the oldest are dropped even if their clients make progress. */
const FAR_TOO_MUCH = 4 * MOST_HELD;

/** Resets the connection if a response is not read in time, which frees its memory. */
export function limitReading(request: IncomingMessage, response: ServerResponse, milliseconds: number): void {
  // Most responses have been handed to the system by now and need no timer.
  if (response.writableFinished || response.destroyed) return;
  // A reset: otherwise the system would keep its part of the response.
  const timer = setTimeout(() => request.socket.resetAndDestroy(), milliseconds).unref();
  response.once('close', () => clearTimeout(timer));
}

/** Bytes that the system always accepts. */
const TAKEN = 16 * 1024;
/** Bytes per chunk of a larger response: progress of a single write shows only when all of it is taken. */
const PIECE = 64 * 1024;

/**
 * Counts the bytes of responses until clients have taken them. Over the limit, responses without progress are dropped
 * with their connections; a client that reads is cut off only if there are far too many bytes.
 * Bodies that are bytes already are the server's own documents, shared by all readers, and are not counted.
 * @param stuckAfter milliseconds without progress
 */
export function countAnswers(answers: HeldBytes, stuckAfter: number): Step {
  return async ({ req, res, response, state }, next) => {
    await next();
    const { body } = response;
    if (typeof body !== 'string' || body.length < TAKEN || res.destroyed) return;
    const end = () => req.socket.resetAndDestroy();
    const isStuck = watch(req.socket, stuckAfter);
    const holding = answers.hold(state.address, end, () => isStuck() || answers.bytes > FAR_TOO_MUCH);
    // A single response always fits, however large.
    holding.resize(Math.min(response.length, MOST_HELD));
    res.once('close', holding.release);
    const { length } = response;
    if (length <= PIECE) return;
    response.body = Readable.from(pieces(Buffer.from(body)));
    response.length = length;
  };
}

function* pieces(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += PIECE) yield bytes.subarray(at, at + PIECE);
}

/**
 * Returns a function that tells, at each call, if no byte has been taken from a connection for `stuckAfter`
 * milliseconds.
 * @param elapsed returns the milliseconds of a monotonic clock
 */
export function watch(
  socket: Pick<Socket, 'bytesWritten'>,
  stuckAfter: number,
  elapsed: () => number = () => performance.now(),
): () => boolean {
  let taken = -1;
  let since = 0;
  return () => {
    const now = elapsed();
    if (socket.bytesWritten !== taken) {
      taken = socket.bytesWritten;
      since = now;
      return false;
    }
    return now - since >= stuckAfter;
  };
}
