/** Bundles as the suites send them. */
import type { Identity, Reply, RequestOptions } from '../harness/http.ts';
import { asRoot } from '../harness/server.ts';

export interface Server {
  request(method: string, path: string, options?: RequestOptions): Promise<Reply>;
}

export interface Entry {
  fullUrl?: string;
  resource?: object;
  request: Record<string, string>;
}

/** An entry: `POST Patient`, its resource, and further elements of its request. */
export function entry(line: string, resource?: object, further: Record<string, string> = {}, fullUrl?: string): Entry {
  const [method = '', ...url] = line.split(' ');
  return {
    ...(fullUrl === undefined ? {} : { fullUrl }),
    ...(resource === undefined ? {} : { resource }),
    request: { method, url: url.join(' '), ...further },
  };
}

/** A patch in a Binary, as FHIR R4 has it. */
export function binary(patch: unknown, contentType = 'application/json-patch+json'): object {
  return { resourceType: 'Binary', contentType, data: Buffer.from(JSON.stringify(patch)).toString('base64') };
}

/** Sends a Bundle, as the root client unless told otherwise. */
export function send(
  server: Server,
  type: string,
  entries: unknown[],
  options: RequestOptions & { as?: Identity; path?: string } = {},
): Promise<Reply> {
  const { path = '/', ...rest } = options;
  return server.request('POST', path, { as: asRoot, json: { resourceType: 'Bundle', type, entry: entries }, ...rest });
}

/** The statuses of the entries of an answer. */
export function statuses(reply: Reply): string[] {
  return reply.list('entry').map((each) => (each as { response: { status: string } }).response.status);
}

/** The code and the expression of an issue, as the tables of the suites write them. */
export function issue(reply: Reply, path = 'issue.0'): string {
  const found = reply.at(path) as { code?: string; expression?: string[] } | undefined;
  return `${found?.code} ${found?.expression?.[0] ?? ''}`.trim();
}
