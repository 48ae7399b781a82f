import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Step } from './context.ts';
import { type HeldBytes, MOST_HELD } from './held-bytes.ts';

/** Milliseconds that a caller may take to read an answer: until then it is held in memory. */
export const ANSWER_TIMEOUT = 60_000;

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

/**
 * Counts the answers that are on their way until they are taken; one that has to give way ends with its connection.
 * Those that are bytes already are the server's own documents, of which there is one for all readers.
 */
export function countAnswers(answers: HeldBytes): Step {
  return async ({ req, res, response, state }, next) => {
    await next();
    const { body } = response;
    if (typeof body !== 'string' || body.length < TAKEN || res.destroyed) return;
    // However large it is, one alone has room.
    const holding = answers.hold(state.address, () => req.socket.resetAndDestroy());
    holding.resize(Math.min(body.length, MOST_HELD));
    res.once('close', holding.release);
  };
}
