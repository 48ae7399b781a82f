/**
 * The load generator, in its own process. It only writes and reads sockets, since it shares the machine with the
 * server: a heavier client takes as long per response as a bare server, and would be measured with it.
 */
import { Caller, type Tally } from './caller.ts';

export interface LoadRequest {
  method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  path: string;
  body?: string;
}

export interface Load {
  url: string;
  connections: number;
  /** The duration; with `each`, the maximum duration. */
  seconds: number;
  /** The number of requests of each connection, if the load ends when all are done. */
  each?: number;
  headers: Record<string, string>;
  /** Requests that each connection repeats in turn, one list per connection. */
  lists?: LoadRequest[][];
  /** A request with a new number each time, which replaces `{n}` in path and body. */
  template?: LoadRequest & { from: number };
}

export interface LoadResult {
  /** Successful responses per second. */
  rate: number;
  /** Milliseconds. */
  p50: number;
  p99: number;
  longest: number;
  /** Responses other than 2xx, timeouts and broken connections: any of them makes a measurement void. */
  failures: number;
  /** How many of them are 503. */
  busy: number;
  /** The number of responses. */
  total: number;
}

/** Generates load and returns the results. */
export async function makeLoad(load: Load): Promise<LoadResult> {
  const tally: Tally = { waits: [], refused: 0, busy: 0, broken: 0 };
  const next = requestsOf(load);
  const began = performance.now();
  const until = began + load.seconds * 1000;
  const callers = Array.from({ length: load.connections }, (_, connection) => {
    return new Caller({ url: new URL(load.url), next: () => next(connection), until, each: load.each, tally });
  });
  await Promise.all(callers.map((caller) => caller.over));
  const seconds = (performance.now() - began) / 1000;
  const { waits, refused, busy, broken } = tally;
  waits.sort((one, other) => one - other);
  const at = (share: number) => waits[Math.min(waits.length - 1, Math.floor(waits.length * share))] ?? Number.NaN;
  return {
    rate: (waits.length - refused) / seconds,
    p50: at(0.5),
    p99: at(0.99),
    longest: at(1),
    failures: refused + broken,
    busy,
    total: waits.length,
  };
}

/** Returns a function that gives the text of the next request of a connection. */
function requestsOf({ url, headers, lists, template }: Load): (connection: number) => string {
  const { host } = new URL(url);
  const lines = Object.entries({ host, ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = lines.join('');
  const written = ({ method, path, body = '' }: LoadRequest) =>
    `${method} ${path} HTTP/1.1\r\n${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
  if (template) {
    let number = template.from;
    return () => {
      const n = String(number++);
      const { method, path, body = '' } = template;
      return written({ method, path: path.replaceAll('{n}', n), body: body.replaceAll('{n}', n) });
    };
  }
  const turns: number[] = [];
  return (connection) => {
    const list = lists?.[connection % lists.length] ?? [];
    const turn = turns[connection] ?? 0;
    turns[connection] = turn + 1;
    return written(list[turn % list.length] ?? { method: 'GET', path: '/' });
  };
}
