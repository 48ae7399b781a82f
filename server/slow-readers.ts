import type { IncomingMessage, ServerResponse } from 'node:http';

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
