/** The same requests as entries of Bundles: each must answer as it would by itself. */
import { Reply } from '../harness/http.ts';
import type { Scene } from './doors.ts';

export type Way = 'alone' | 'batch' | 'transaction';

/** Asks by a Bundle of one entry, and gives the entry's answer as if it had come by itself. */
export function through(way: Way, ask: Scene['ask']): Scene['ask'] {
  if (way === 'alone') return ask;
  return async (method, path, { json, body, form, headers } = {}) => {
    const searched = typeof form === 'string';
    const url = searched ? path.replace('/_search', `?${form}`) : path;
    const sent = json ?? (body === undefined ? undefined : JSON.parse(String(body)));
    const resource = sent && { resourceType: /^\/(\w+)/.exec(path)?.[1], ...sent };
    const ifNoneExist = headers?.['if-none-exist'];
    const request = { method: searched ? 'GET' : method, url: url.slice(1), ...(ifNoneExist && { ifNoneExist }) };
    // What a condition finds may depend on what is written with it: a transaction refuses that, whoever asks.
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
