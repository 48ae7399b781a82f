/** An HTTP client. Node's own `fetch` hangs if a connection is closed before it has sent its request. */
import * as http from 'node:http';
import * as https from 'node:https';
import { CommandError } from '../errors.ts';

/** Milliseconds without data after which a server counts as unreachable. */
const LONGEST_SILENCE = 300_000;

export interface Question {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
}

/** A complete response. */
export interface Answer {
  status: number;
  text: string;
  /** Seconds; 0 if the header is absent. */
  retryAfter: number;
}

/** A server, with persistent connections. */
export class Asked {
  readonly #base: string;
  readonly #protocol: typeof http | typeof https;
  readonly #agent: http.Agent;

  constructor(base: string) {
    this.#base = base;
    this.#protocol = base.startsWith('https:') ? https : http;
    this.#agent = new this.#protocol.Agent({ keepAlive: true, timeout: LONGEST_SILENCE });
  }

  /** Sends one request. Throws a CommandError if there is no complete response. */
  async ask(path: string, question: Question = {}): Promise<Answer> {
    try {
      const response = await this.#send(path, question);
      const chunks: Buffer[] = [];
      for await (const chunk of response) chunks.push(chunk);
      const retryAfter = Number(response.headers['retry-after']) || 0;
      return { status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString(), retryAfter };
    } catch (error) {
      throw new CommandError(`${this.#base} does not answer: ${networkReason(error)}`, { cause: error });
    }
  }

  /** Closes the connections. */
  close(): void {
    this.#agent.destroy();
  }

  #send(path: string, { method = 'GET', headers = {}, body }: Question): Promise<http.IncomingMessage> {
    const length = body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(body)) };
    const options = { method, headers: { ...headers, ...length }, agent: this.#agent };
    return new Promise((resolve, reject) => {
      const request = this.#protocol.request(this.#base + path, options, resolve);
      request.once('timeout', () => request.destroy(new Error(`no response for ${LONGEST_SILENCE / 1000} s`)));
      request.once('error', reject);
      request.end(body);
    });
  }
}

/** Returns the network's error message. If a name has several addresses and all fail, the error has only a code. */
function networkReason(error: unknown): string {
  const { message, code } = error as { message: string; code?: string };
  return message || (code ?? 'unknown');
}
