import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import type { Step } from '../context.ts';
import { type HeldBytes, MOST_HELD } from './held-bytes.ts';

/** Milliseconds that a caller may take to read an answer: until then it is held in memory. */
export const ANSWER_TIMEOUT = 60_000;

/** Milliseconds in which whoever reads is seen to: the system takes what is sent in large steps. */
export const STUCK_AFTER = 20_000;

/** Bytes of answers beyond which those that began first end, whoever reads them. */
const FAR_TOO_MUCH = 4 * MOST_HELD;

/** Ends the connection of an answer that was given and is not taken in time; what is held for it is let go of. */
export function limitReading(request: IncomingMessage, response: ServerResponse, milliseconds: number): void {
  // Most answers are with the system by now, and cost no timer.
  if (response.writableFinished || response.destroyed) return;
  // A reset, since the system would else go on to hold what it has of the answer.
  const timer = setTimeout(() => request.socket.resetAndDestroy(), milliseconds).unref();
  response.once('close', () => clearTimeout(timer));
}

/** Bytes of an answer that the system takes in any case. */
const TAKEN = 16 * 1024;
/** Bytes of a larger answer that are sent at once: what is written as one piece is told of when all of it is taken. */
const PIECE = 64 * 1024;

/**
 * Counts the answers that are on their way until they are taken. Where there are too many, those of which nothing has
 * been taken for some time give way, and end with their connections: who reads is not cut off for it, unless there are
 * far too many.
 * Those that are bytes already are the server's own documents, of which there is one for all readers.
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
    // However large it is, one alone has room.
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
 * Tells at each look whether nothing has been taken from a connection since a look that is some time ago.
 * @param elapsed milliseconds of a clock that nobody sets
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
