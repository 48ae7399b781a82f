/** HTTP requests exactly as a test writes them: nothing is normalized, followed or retried. */

import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';
import { type Agent, request as send } from 'node:http';
import { load } from 'js-yaml';

/** The caller: a Client with HTTP Basic authentication, or the holder of a token. */
export type Identity = { basic: readonly [id: string, secret: string] } | { bearer: string };

export interface RequestOptions {
  as?: Identity;
  headers?: OutgoingHttpHeaders;
  /** Sent as `application/json`. */
  json?: unknown;
  /** Sent as `text/yaml`. */
  yaml?: string;
  /** Sent as `application/x-www-form-urlencoded`; a string is sent unchanged. */
  form?: Record<string, string> | string;
  /** Sent unchanged; the test sets the content type. */
  body?: string | Buffer;
  /** Milliseconds to wait for the whole response. */
  timeout?: number;
}

/** A response; its body is parsed by its content type. */
export class Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly body: unknown;

  constructor(status: number, headers: IncomingHttpHeaders, text: string) {
    this.status = status;
    this.headers = headers;
    this.text = text;
    this.body = parse(headers['content-type'] ?? '', text);
  }

  /** Returns the value at a dotted path of the body (`entry.0.resource.id`), or undefined. */
  at(path: string): unknown {
    let value: unknown = this.body;
    for (const key of path.split('.')) {
      if (typeof value !== 'object' || value === null) return undefined;
      value = (value as Record<string, unknown>)[key];
    }
    return value;
  }

  /** Returns the string at a dotted path; throws with the response if there is none. */
  string(path: string): string {
    const value = this.at(path);
    if (typeof value !== 'string') throw new Error(`no text at ${path} of ${this.status} ${this.text.slice(0, 500)}`);
    return value;
  }

  /** Returns the list at a dotted path; empty if there is none. */
  list(path: string): unknown[] {
    const value = this.at(path);
    return Array.isArray(value) ? value : [];
  }

  /** Returns a header; empty if it was not sent. */
  header(name: string): string {
    return String(this.headers[name] ?? '');
  }
}

function parse(type: string, text: string): unknown {
  if (text === '') return undefined;
  if (/\bjson\b/.test(type)) return JSON.parse(text);
  return /\byaml\b/.test(type) ? load(text) : text;
}

function authorization(as: Identity): string {
  return 'bearer' in as ? `Bearer ${as.bearer}` : `Basic ${Buffer.from(as.basic.join(':')).toString('base64')}`;
}

/** Returns the body to send and its content type. */
function payload(options: RequestOptions): { type?: string; body?: string | Buffer } {
  if (options.json !== undefined) return { type: 'application/json', body: JSON.stringify(options.json) };
  if (options.yaml !== undefined) return { type: 'text/yaml', body: options.yaml };
  if (options.form !== undefined) {
    const body = typeof options.form === 'string' ? options.form : new URLSearchParams(options.form).toString();
    return { type: 'application/x-www-form-urlencoded', body };
  }
  return options.body === undefined ? {} : { body: options.body };
}

/** Sends a request to a server; `path` is sent unchanged. */
export function request(
  url: string,
  agent: Agent,
  method: string,
  path: string,
  options: RequestOptions = {},
): Promise<Reply> {
  const { type, body } = payload(options);
  const headers: OutgoingHttpHeaders = {
    ...(type === undefined ? {} : { 'content-type': type }),
    ...(options.as === undefined ? {} : { authorization: authorization(options.as) }),
    ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }),
    ...options.headers,
  };
  const timeout = options.timeout ?? 30_000;
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const outgoing = send({ host: hostname, port, agent, method, path, headers }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.once('error', reject);
      incoming.once('end', () => {
        clearTimeout(timer);
        try {
          resolve(new Reply(incoming.statusCode ?? 0, incoming.headers, Buffer.concat(chunks).toString()));
        } catch (error) {
          reject(error);
        }
      });
    });
    const timer = setTimeout(
      () => outgoing.destroy(new Error(`${method} ${path}: no answer in ${timeout} ms`)),
      timeout,
    );
    outgoing.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    outgoing.end(body);
  });
}
