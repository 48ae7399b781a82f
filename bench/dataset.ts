/** What a server of the benchmark holds: patients, and a client with a token and a policy linked to it. */
import { Agent } from 'node:http';
import { type RequestOptions, request } from '../test/harness/http.ts';
import { ROOT_SECRET, type Running } from './children.ts';
import { patient, patientId } from './patient.ts';
import type { Context } from './row.ts';

const WRITERS = 64;

/** A server that is ready to be measured. */
export interface Dataset {
  url: string;
  /** The header of an opaque token whose client an `allow` policy is linked to. */
  authorization: string;
}

/** Fills a server over HTTP. */
export async function fill(context: Context, server: Running): Promise<Dataset> {
  const agent = new Agent({ keepAlive: true, maxSockets: WRITERS });
  const as = { basic: ['root', ROOT_SECRET] } as const;
  const send = async (method: string, path: string, options: RequestOptions): Promise<string> => {
    const reply = await request(server.url, agent, method, path, { timeout: 60_000, ...options });
    if (reply.status >= 300) throw new Error(`${method} ${path}: ${reply.status} ${reply.text}`);
    return reply.text;
  };
  await send('PUT', '/Client/bench', { as, json: { secret: 'bench-secret', grant_types: ['client_credentials'] } });
  const link = [{ resourceType: 'Client', id: 'bench' }];
  await send('PUT', '/AccessPolicy/bench', { as, json: { engine: 'allow', link } });
  const form = { grant_type: 'client_credentials', client_id: 'bench', client_secret: 'bench-secret' };
  const token = JSON.parse(await send('POST', '/auth/token', { form })) as { access_token: string };
  const authorization = `Bearer ${token.access_token}`;
  let next = 0;
  const write = async (): Promise<void> => {
    while (next < context.patients) {
      const n = next++;
      if (n % 1000 === 0) context.say(`filling: ${n} of ${context.patients} patients`);
      await send('PUT', `/Patient/${patientId(n)}`, { headers: { authorization }, json: patient(n) });
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, write));
  agent.destroy();
  return { url: server.url, authorization };
}

/** Lists of reads for each of `connections`, their ids uniform over the patients; the same ones every time. */
export function uniformReads(context: Context, connections: number): { method: 'GET'; path: string }[][] {
  let state = 42;
  const random = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  const read = () => ({
    method: 'GET' as const,
    path: `/Patient/${patientId(Math.floor(random() * context.patients))}`,
  });
  return Array.from({ length: connections }, () => Array.from({ length: 2000 }, read));
}
