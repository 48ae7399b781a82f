import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { Server as NetServer, type Socket } from 'node:net';

/** Milliseconds between two checks of the remaining connections. */
const LOOK = 20;

/** Tracks the open connections and their pending responses, which must end before the server stops. */
export class OpenConnections {
  readonly #server: Server;
  /** The pending responses of each connection, in the order of their requests. */
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

  /** Registers a pending response. */
  asked(response: ServerResponse): void {
    this.#due.get(response.req.socket)?.add(response);
    if (this.#ending) endWith(response);
  }

  /** Removes a response once the system has all of it. */
  answered(response: ServerResponse): void {
    const due = this.#due.get(response.req.socket);
    if (response.writableFinished || response.destroyed) due?.delete(response);
    else response.once('close', () => due?.delete(response));
  }

  /** Tells if a response is being sent on a connection, and if a request whose head has come is still arriving. */
  stateOf(socket: Socket): { isSending: boolean; isArriving: boolean } {
    const due = [...(this.#due.get(socket) ?? [])];
    return {
      isSending: due.some(({ headersSent }) => headersSent),
      isArriving: due.some(({ req }) => !req.complete),
    };
  }

  /** Stops accepting connections; resolves once all are closed, after all pending requests have been answered. */
  async end(): Promise<void> {
    this.#ending = true;
    // `Connection: close` tells a load balancer not to send its next request into a connection about to close.
    for (const due of this.#due.values()) {
      const last = [...due].at(-1);
      if (last) endWith(last);
    }
    const look = setInterval(() => this.#endUnused(), LOOK);
    // Not `http.Server.close`: it would cut off responses in flight and stop checking for late requests, so that a
    // half-sent request would hold the server forever.
    await new Promise<void>((resolve) => {
      NetServer.prototype.close.call(this.#server, () => resolve());
    });
    clearInterval(look);
    this.#server.close();
  }

  /**
   * Closes unused connections. Node's list of idle connections is not enough: it lacks connections that never sent a
   * request or only have data to discard, and includes those whose response is still being sent.
   */
  #endUnused(): void {
    const isSending = [...this.#due.values()].some((due) => [...due].some(isBeingSent));
    if (!isSending) this.#server.closeIdleConnections();
    for (const [socket, due] of this.#due) {
      if (socket.bytesRead === 0 || (socket.writableFinished && due.size === 0)) socket.destroy();
    }
  }

  /** Node emits `close` for the response in flight, but for none of the pipelined ones behind it. */
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
