/** One client of a load: a connection that sends a request once the previous one has been answered. */
import { connect, type Socket } from 'node:net';

/** The results of all clients of a load. */
export interface Tally {
  /** The latency of each response in milliseconds. */
  waits: number[];
  /** Responses other than 2xx. */
  refused: number;
  /** How many of them are 503. */
  busy: number;
  /** Requests without a response. */
  broken: number;
}

export interface CallerOptions {
  url: URL;
  /** Returns the text of the next request. */
  next(): string;
  /** When to stop, in milliseconds of `performance.now`. */
  until: number;
  /** The maximum number of requests. */
  each: number | undefined;
  tally: Tally;
}

/** Milliseconds without data after which a pending response counts as lost. */
const PATIENCE = 10_000;

export class Caller {
  /** Resolves once the client has stopped. */
  readonly over: Promise<void>;
  readonly #options: CallerOptions;
  #end: () => void = () => undefined;
  #socket: Socket | undefined;
  #asked = 0;
  #sent = 0;
  #head = '';
  /** Bytes of the body still to come; undefined until the head has arrived. */
  #left: number | undefined;

  constructor(options: CallerOptions) {
    this.#options = options;
    this.over = new Promise((resolve) => {
      this.#end = resolve;
    });
    this.#ask();
  }

  #ask(): void {
    const { each = Number.POSITIVE_INFINITY, until, next } = this.#options;
    if (this.#asked >= each || performance.now() >= until) {
      this.#leave();
      this.#end();
      return;
    }
    this.#asked += 1;
    this.#head = '';
    this.#left = undefined;
    this.#socket ??= this.#connect();
    this.#sent = performance.now();
    this.#socket.write(next());
  }

  #connect(): Socket {
    const socket = connect({ host: this.#options.url.hostname, port: Number(this.#options.url.port), noDelay: true });
    socket.setTimeout(PATIENCE, () => socket.destroy());
    socket.on('data', (bytes: Buffer) => this.#take(bytes));
    // An error is followed by `close`, which counts it.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      if (this.#socket !== socket) return;
      this.#socket = undefined;
      this.#options.tally.broken += 1;
      this.#ask();
    });
    return socket;
  }

  #take(bytes: Buffer): void {
    let body = bytes.length;
    if (this.#left === undefined) {
      const before = this.#head.length;
      this.#head += bytes.toString('latin1');
      const end = this.#head.indexOf('\r\n\r\n');
      if (end < 0) return;
      body = before + bytes.length - (end + 4);
      this.#head = this.#head.slice(0, end + 2);
      this.#left = lengthIn(this.#head);
    }
    this.#left -= body;
    if (this.#left === 0) this.#answered();
  }

  #answered(): void {
    const { tally } = this.#options;
    tally.waits.push(performance.now() - this.#sent);
    const status = this.#head.slice('HTTP/1.1 '.length, 'HTTP/1.1 200'.length);
    if (!status.startsWith('2')) tally.refused += 1;
    if (status === '503') tally.busy += 1;
    if (/\r\nconnection: close\r\n/i.test(this.#head)) this.#leave();
    this.#ask();
  }

  #leave(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.destroy();
  }
}

/** Returns the length of the body after a head. Throws if the head does not state it. */
function lengthIn(head: string): number {
  const length = /\r\ncontent-length: *(\d+)\r\n/i.exec(head)?.[1];
  if (length !== undefined) return Number(length);
  if (/^HTTP\/1\.1 (204|304) /.test(head)) return 0;
  throw new Error(`an answer that does not tell its length: ${head}`);
}
