import type { IncomingMessage } from 'node:http';
import { MOST_HELD } from './held-bytes.ts';

/** Milliseconds between two looks at how much was sent in vain. */
const LOOK = 100;

/**
 * Ends the connection of a request that is not read to its end, once the answer is sent, so that it is read: what still
 * comes is discarded until the caller has ended, too (https://www.rfc-editor.org/rfc/rfc9112#section-9.6). Closed with
 * something unread, the connection would be reset, and the caller's system would throw the answer away.
 *
 * It takes as long as a request may take to arrive, and so many bytes: who sends on beyond that is cut off.
 */
export function lingerOn(request: IncomingMessage): void {
  const { socket } = request;
  // Node calls this when the last answer of a connection is with the system. Its own closes at once.
  socket.destroySoon = () => {
    const last = socket.bytesRead + MOST_HELD;
    const look = setInterval(() => {
      if (socket.bytesRead > last) socket.destroy();
    }, LOOK).unref();
    socket.once('close', () => clearInterval(look));
    request.once('end', () => socket.destroy());
    socket.end();
    request.unpipe();
    request.resume();
  };
}
