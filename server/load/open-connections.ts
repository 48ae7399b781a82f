import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { Server as NetServer, type Socket } from 'node:net';

/** Milliseconds between two looks at the connections that are left. */
const LOOK = 20;

/** The connections that are open, and the answers that are due on them: what has to end before the server does. */
export class OpenConnections {
  readonly #server: Server;
  /** The answers that are due on each, in the order in which they were asked for. */
  readonly #due = new Map<Socket, Set<ServerResponse>>();
  #ending = false;

  constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket) => {
      this.#due.set(socket, new Set());
      socket.once('close', () => this.#forget(socket));
    });
  }

  get size(): number {
    return this.#due.size;
  }

  /** Notes that an answer is due. */
  asked(response: ServerResponse): void {
    this.#due.get(response.req.socket)?.add(response);
    if (this.#ending) endWith(response);
  }

  /** Forgets an answer that was given, once it is with the system. */
  answered(response: ServerResponse): void {
    const due = this.#due.get(response.req.socket);
    if (response.writableFinished || response.destroyed) due?.delete(response);
    else response.once('close', () => due?.delete(response));
  }

  /** Whether an answer is being sent on a connection, and whether a request arrives whose head has come. */
  stateOf(socket: Socket): { isSending: boolean; isArriving: boolean } {
    const due = [...(this.#due.get(socket) ?? [])];
    return {
      isSending: due.some(({ headersSent }) => headersSent),
      isArriving: due.some(({ req }) => !req.complete),
    };
  }

  /** Lets nobody in any more, and resolves once all connections are closed: what was asked is answered first. */
  async end(): Promise<void> {
    this.#ending = true;
    // Told so with its answer, a balancer does not send the next request into a connection that is about to close.
    for (const due of this.#due.values()) {
      const last = [...due].at(-1);
      if (last) endWith(last);
    }
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
   * that never asked anything is not idle to Node, nor is one of which only what is discarded is to come. To Node, one
   * whose answer is still being sent is idle, too.
   */
  #endUnused(): void {
    const isSending = [...this.#due.values()].some((due) => [...due].some(isBeingSent));
    if (!isSending) this.#server.closeIdleConnections();
    for (const [socket, due] of this.#due) {
      if (socket.bytesRead === 0 || (socket.writableFinished && due.size === 0)) socket.destroy();
    }
  }

  /** Node tells the answer that is being sent that its connection is closed, and none of those that wait behind it. */
  #forget(socket: Socket): void {
    const due = this.#due.get(socket) ?? [];
    this.#due.delete(socket);
    process.nextTick(() => {
      for (const response of due) {
        if (response.destroyed) continue;
        response.destroy();
        response.emit('close');
      }
    });
  }
}

function isBeingSent({ writableEnded, writableFinished, destroyed }: ServerResponse): boolean {
  return writableEnded && !writableFinished && !destroyed;
}

function endWith(response: ServerResponse<IncomingMessage>): void {
  if (!response.headersSent) response.setHeader('Connection', 'close');
}
