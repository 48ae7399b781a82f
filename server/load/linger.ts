import type { IncomingMessage } from 'node:http';
import { MOST_HELD } from './held-bytes.ts';

/** Milliseconds between two checks of the bytes discarded. */
const LOOK = 100;

/**
 * After the response to a request that is not read to its end: half-closes the connection and discards what still
 * arrives until the client has closed too, so that the client reads the response
 * (https://www.rfc-editor.org/rfc/rfc9112#section-9.6). If it were closed with unread data, the connection would be
 * reset, and the client's system would discard the response.
 *
 * This is limited to the time that a request may take to arrive and to MOST_HELD bytes; then the client is cut off.
 */
export function lingerOn(request: IncomingMessage): void {
  const { socket } = request;
  // Node calls this when it has handed the last response to the system; its own version closes at once.
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
