/** Sends requests as entries of Bundles: each must be answered as if it were sent alone. */
import { Reply } from '../harness/http.ts';
import type { Scene } from './doors.ts';

export type Way = 'alone' | 'batch' | 'transaction';

/** Sends a request in a Bundle of one entry, and returns the response of the entry as if it were sent alone. */
export function through(way: Way, ask: Scene['ask']): Scene['ask'] {
  if (way === 'alone') return ask;
  return async (method, path, { json, body, form, headers } = {}) => {
    const searched = typeof form === 'string';
    const url = searched ? path.replace('/_search', `?${form}`) : path;
    const sent = json ?? (body === undefined ? undefined : JSON.parse(String(body)));
    const resource = sent && { resourceType: /^\/(\w+)/.exec(path)?.[1], ...sent };
    const ifNoneExist = headers?.['if-none-exist'];
    const request = { method: searched ? 'GET' : method, url: url.slice(1), ...(ifNoneExist && { ifNoneExist }) };
    // A conditional write may change what its condition finds; a transaction rejects that for every caller.
    const conditional = ifNoneExist !== undefined || (method !== 'GET' && !searched && url.includes('?'));
    const type = conditional ? 'batch' : way;
    const bundle = { resourceType: 'Bundle', type, entry: [{ request, ...(resource && { resource }) }] };
    const reply = await ask('POST', '/', { json: bundle });
    if (reply.status !== 200) return reply;
    const answer = reply.at('entry.0.resource') ?? reply.at('entry.0.response.outcome');
    const text = answer === undefined ? '' : JSON.stringify(answer);
    return new Reply(Number(reply.at('entry.0.response.status')), { 'content-type': 'application/json' }, text);
  };
}
