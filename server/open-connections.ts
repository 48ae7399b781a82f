import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Milliseconds between two looks at the connections that are left. */
const LOOK = 20;

/** What was last asked on a connection, and its answer. */
interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
}

/** The connections that are open, with what is asked on each: what has to end before the server does. */
export class OpenConnections {
  readonly #server: Server;
  readonly #exchanges = new Map<Socket, Exchange | undefined>();
  #stopping = false;

  constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket) => {
      this.#exchanges.set(socket, undefined);
      socket.once('close', () => this.#exchanges.delete(socket));
    });
  }

  get size(): number {
    return this.#exchanges.size;
  }

  /** Notes what is asked. */
  asked(request: IncomingMessage, response: ServerResponse): void {
    this.#exchanges.set(request.socket, { request, response });
    if (this.#stopping) endWithAnswer(response);
  }

  /** Forgets what was asked, once its answer is with the system. */
  answered({ socket }: IncomingMessage, response: ServerResponse): void {
    const noted = this.#exchanges.get(socket);
    if (noted?.response === response && response.writableFinished) this.#exchanges.set(socket, undefined);
  }

  /**
   * Lets nobody in any more, and resolves once all connections are closed: what was asked is answered first.
   * @param patience milliseconds that a caller still has to send what it asks
   */
  end(patience: number): Promise<void> {
    this.#stopping = true;
    // Told so with its answer, a balancer does not send the next request into a connection that is about to close.
    for (const exchange of this.#exchanges.values()) if (exchange) endWithAnswer(exchange.response);
    return new Promise((resolve) => {
      const until = performance.now() + patience;
      const look = setInterval(() => this.#endUnused(performance.now() >= until), LOOK);
      this.#server.close(() => {
        clearInterval(look);
        resolve();
      });
    });
  }

  /**
   * A connection that is kept alive becomes idle when its last answer is sent, and would then wait for another; one
   * that never asked anything is not idle to Node. One that has sent a request by half is left until its time is over:
   * Node looks for late requests no more once it was told to close.
   */
  #endUnused(isOver: boolean): void {
    this.#server.closeIdleConnections();
    for (const [socket, exchange] of this.#exchanges) {
      if (socket.bytesRead === 0 || (isOver && !isBeingAnswered(exchange))) socket.destroy();
    }
  }
}

function isBeingAnswered(exchange: Exchange | undefined): boolean {
  return exchange?.request.complete === true && !exchange.response.writableFinished;
}

function endWithAnswer(response: ServerResponse): void {
  if (!response.headersSent) response.setHeader('Connection', 'close');
}
