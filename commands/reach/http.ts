/** Asks a server over HTTP. Node's own `fetch` waits for ever where a connection is closed before it has asked. */
import * as http from 'node:http';
import * as https from 'node:https';
import { CommandError } from '../errors.ts';

/** Milliseconds without a word after which a server is taken for one that answers no more. */
const LONGEST_SILENCE = 300_000;

export interface Question {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
}

/** An answer that has come whole. */
export interface Answer {
  status: number;
  text: string;
  /** Seconds; zero where it does not say. */
  retryAfter: number;
}

/** A server, by connections that are kept from one question to the next. */
export class Asked {
  readonly #base: string;
  readonly #protocol: typeof http | typeof https;
  readonly #agent: http.Agent;

  constructor(base: string) {
    this.#base = base;
    this.#protocol = base.startsWith('https:') ? https : http;
    this.#agent = new this.#protocol.Agent({ keepAlive: true, timeout: LONGEST_SILENCE });
  }

  /** Asks once. Throws a CommandError where no answer comes; a server that ends while it answers has given none. */
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

  /** Ends the connections. */
  close(): void {
    this.#agent.destroy();
  }

  #send(path: string, { method = 'GET', headers = {}, body }: Question): Promise<http.IncomingMessage> {
    const length = body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(body)) };
    const options = { method, headers: { ...headers, ...length }, agent: this.#agent };
    return new Promise((resolve, reject) => {
      const request = this.#protocol.request(this.#base + path, options, resolve);
      request.once('timeout', () => request.destroy(new Error(`nothing for ${LONGEST_SILENCE / 1000} s`)));
      request.once('error', reject);
      request.end(body);
    });
  }
}

/** What the network says. Where a name has several addresses, each has failed, and there is a code alone. */
function networkReason(error: unknown): string {
  const { message, code } = error as { message: string; code?: string };
  return message || (code ?? 'unknown');
}
