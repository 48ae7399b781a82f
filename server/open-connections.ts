import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { Server as NetServer, type Socket } from 'node:net';

/** Milliseconds between two looks at the connections that are left. */
const LOOK = 20;

/** The connections that are open, and the answers that are due on them: what has to end before the server does. */
export class OpenConnections {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** In the order in which they were asked for. */
  readonly #due = new Set<ServerResponse>();
  #ending = false;

  constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
  }

  get size(): number {
    return this.#sockets.size;
  }

  /** Notes that an answer is due. */
  asked(response: ServerResponse): void {
    this.#due.add(response);
    if (this.#ending) endWith(response);
  }

  /** Forgets an answer that was given, once it is with the system. */
  answered(response: ServerResponse): void {
    if (response.writableFinished || response.destroyed) this.#due.delete(response);
    else response.once('close', () => this.#due.delete(response));
  }

  /** Lets nobody in any more, and resolves once all connections are closed: what was asked is answered first. */
  async end(): Promise<void> {
    this.#ending = true;
    // Told so with its answer, a balancer does not send the next request into a connection that is about to close.
    const last = new Map<Socket, ServerResponse>();
    for (const response of this.#due) last.set(response.req.socket, response);
    for (const response of last.values()) endWith(response);
    const look = setInterval(() => this.#endUnused(), LOOK);
    // Not as an HTTP server, which would cut off answers that are being sent, and look for late requests no more: one
    // that was sent by half would hold it for ever.
    await new Promise<void>((resolve) => {
      NetServer.prototype.close.call(this.#server, () => resolve());
    });
    clearInterval(look);
    this.#server.close();
  }

  /**
   * A connection that is kept alive becomes idle when its last answer is sent, and would then wait for another; one
   * that never asked anything is not idle to Node. To Node, one whose answer is still being sent is idle, too.
   */
  #endUnused(): void {
    if (![...this.#due].some(isBeingSent)) this.#server.closeIdleConnections();
    for (const socket of this.#sockets) if (socket.bytesRead === 0) socket.destroy();
  }
}

function isBeingSent({ writableEnded, writableFinished, destroyed }: ServerResponse): boolean {
  return writableEnded && !writableFinished && !destroyed;
}

function endWith(response: ServerResponse<IncomingMessage>): void {
  if (!response.headersSent) response.setHeader('Connection', 'close');
}
