/** The contents of a benchmark server: patients, and clients with tokens and a linked policy. */
import { Agent } from 'node:http';
import { type RequestOptions, request } from '../test/harness/http.ts';
import { ROOT_SECRET, type Running } from './children.ts';
import type { LoadRequest } from './load.ts';
import { patient, patientId } from './patient.ts';
import type { Context } from './row.ts';

/** The parts of a run that filling a server needs. */
export type Filling = Pick<Context, 'patients' | 'say'>;

const WRITERS = 64;

/** The secret of each Client in a benchmark. */
export const CLIENT_SECRET = 'bench-secret';
const BY_SECRET = { secret: CLIENT_SECRET, grant_types: ['client_credentials'] };
const REFRESHABLE = { refresh_token: true };
/** One for each kind of token. */
const CLIENTS = [
  { id: 'bench', ...BY_SECRET },
  { id: 'bench-jwt', ...BY_SECRET, auth: { client_credentials: { token_format: 'jwt' } } },
  { id: 'bench-refresh', ...BY_SECRET, auth: { client_credentials: REFRESHABLE } },
];

/** A server that is ready to be measured. */
export interface Dataset {
  url: string;
  /** The `Authorization` header with an opaque token whose client has a linked `allow` policy. */
  authorization: string;
  /** The same with a JWT. */
  jwtAuthorization: string;
}

/** Fills a server over HTTP. */
export async function fill(context: Filling, server: Running): Promise<Dataset> {
  const agent = new Agent({ keepAlive: true, maxSockets: WRITERS });
  const as = { basic: ['root', ROOT_SECRET] } as const;
  const send = async (method: string, path: string, options: RequestOptions): Promise<string> => {
    const reply = await request(server.url, agent, method, path, { timeout: 60_000, ...options });
    if (reply.status >= 300) throw new Error(`${method} ${path}: ${reply.status} ${reply.text}`);
    return reply.text;
  };
  const link = CLIENTS.map(({ id }) => ({ resourceType: 'Client', id }));
  for (const { id, ...client } of CLIENTS) await send('PUT', `/Client/${id}`, { as, json: client });
  await send('PUT', '/AccessPolicy/bench', { as, json: { engine: 'allow', link } });
  const bearer = async (id: string): Promise<string> => {
    const form = { grant_type: 'client_credentials', client_id: id, client_secret: CLIENT_SECRET };
    const token = JSON.parse(await send('POST', '/auth/token', { form })) as { access_token: string };
    return `Bearer ${token.access_token}`;
  };
  const authorization = await bearer('bench');
  const jwtAuthorization = await bearer('bench-jwt');
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
  return { url: server.url, authorization, jwtAuthorization };
}

/**
 * Returns lists of requests for each of `connections`, uniformly distributed over the patients; the same in each run.
 */
export function uniformly(
  context: Pick<Context, 'patients'>,
  connections: number,
  path: (n: number) => string,
): LoadRequest[][] {
  let state = 42;
  const random = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  const read = () => ({ method: 'GET' as const, path: path(Math.floor(random() * context.patients)) });
  return Array.from({ length: connections }, () => Array.from({ length: 2000 }, read));
}
