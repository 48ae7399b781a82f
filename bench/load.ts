/** The load generator: autocannon, in a process of its own. */
import autocannon from 'autocannon';

export interface LoadRequest {
  method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  path: string;
  body?: string;
}

export interface Load {
  url: string;
  connections: number;
  /** How long; with `each`, at the most. */
  seconds: number;
  /** How many requests each connection asks, where all of them are waited for. */
  each?: number;
  headers: Record<string, string>;
  /** Requests that each connection repeats in turn: one list a connection. */
  lists?: LoadRequest[][];
  /** A request made anew each time: `{n}` in path and body becomes a number that is not used again. */
  template?: LoadRequest & { from: number };
}

export interface LoadResult {
  /** Answers a second. */
  rate: number;
  /** Milliseconds. */
  p50: number;
  p99: number;
  longest: number;
  /** Answers other than 2xx, timeouts and broken connections: a measurement with any is void. */
  failures: number;
  /** Those of them that say that too much is asked: 503. */
  busy: number;
  /** Answers in all. */
  total: number;
}

/** Sends load and sums up what came back. */
export async function makeLoad(load: Load): Promise<LoadResult> {
  const { url, connections, seconds, headers, lists, template, each } = load;
  let connection = 0;
  let number = template?.from ?? 0;
  let preparing = 0;
  const result = await autocannon({
    url,
    connections,
    duration: seconds,
    headers,
    timeout: 10,
    ...(each === undefined ? {} : { maxConnectionRequests: each }),
    ...(lists === undefined
      ? {}
      : {
          setupClient: (client: autocannon.Client) => {
            const began = performance.now();
            client.setRequests((lists[connection++ % lists.length] ?? []).map((request) => ({ ...request, headers })));
            preparing += performance.now() - began;
          },
        }),
    ...(template === undefined
      ? {}
      : {
          requests: [
            {
              method: template.method,
              setupRequest: (request: autocannon.Request) => {
                const n = String(number++);
                const body = template.body?.replaceAll('{n}', n);
                return {
                  ...request,
                  path: template.path.replaceAll('{n}', n),
                  ...(body === undefined ? {} : { body }),
                };
              },
            },
          ],
        }),
  });
  const { p50, p99, max: longest } = result.latency;
  return {
    // Long lists take up to a second to be prepared, before the first request: that is nobody's answer.
    rate: result['2xx'] / (result.duration - preparing / 1000),
    p50,
    p99,
    longest,
    failures: result.non2xx + result.errors + result.timeouts,
    busy: result.statusCodeStats?.['503']?.count ?? 0,
    total: result.requests.total,
  };
}
