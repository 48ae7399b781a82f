/** Tokens, against oidc-provider, which keeps them in memory; ours are durable. */
import { startChild, startOurs } from '../children.ts';
import { CLIENT_SECRET, fill } from '../dataset.ts';
import type { SigningLoad } from '../floors/signing.ts';
import type { LoadRequest } from '../load.ts';
import { type Peer, startPeer } from '../peers.ts';
import { rateOf } from '../rate.ts';
import { alternate, type Context, type Row, type Sides } from '../row.ts';

const CONNECTIONS = 32;

function form(path: string, fields: Record<string, string>): LoadRequest {
  return { method: 'POST', path, body: new URLSearchParams(fields).toString() };
}

const basic = (id: string) => `Basic ${Buffer.from(`${id}:${CLIENT_SECRET}`).toString('base64')}`;

/** Returns the responses per second to one repeated request, by a client with HTTP Basic authentication. */
async function rate(url: string, client: string, request: LoadRequest, seconds: number): Promise<number> {
  const headers = { authorization: basic(client), 'content-type': 'application/x-www-form-urlencoded' };
  return (await rateOf({ url, connections: CONNECTIONS, seconds, headers, lists: [[request]] })).rate;
}

interface Ours {
  url: string;
  /** Requests a token. */
  granted(client: string): Promise<{ access_token: string; refresh_token?: string }>;
}

async function onServer(context: Context, run: (ours: Ours) => Promise<Sides>): Promise<Sides> {
  const server = await startOurs(context, `sqlite:${context.folder}/tokens-${process.hrtime.bigint()}.db`);
  try {
    const { url } = await fill({ ...context, patients: 0 }, server);
    const granted: Ours['granted'] = async (client) => {
      const body = new URLSearchParams({ grant_type: 'client_credentials' });
      const answer = await fetch(`${url}/auth/token`, {
        method: 'POST',
        headers: { authorization: basic(client) },
        body,
      });
      return (await answer.json()) as { access_token: string };
    };
    return await run({ url, granted });
  } finally {
    await server.stop();
  }
}

/** The same work on both servers: our client, and the request of each side. */
type Work = (ours: Ours, peer: Peer) => Promise<{ client: string; floor: LoadRequest; ours: LoadRequest }>;

function againstPeer(context: Context, name: string, work: Work): Promise<Sides> {
  return onServer(context, async (server) => {
    const peer = await startPeer();
    try {
      const { client, floor, ours } = await work(server, peer);
      const sides = {
        floor: (seconds: number) => rate(peer.url, 'bench', floor, seconds),
        ours: (seconds: number) => rate(server.url, client, ours, seconds),
      };
      for (const side of [sides.floor, sides.ours]) await side(1);
      return await alternate(context, name, {
        floor: () => sides.floor(context.seconds),
        ours: () => sides.ours(context.seconds),
      });
    } finally {
      await peer.stop();
    }
  });
}

function againstSigning(context: Context, name: string): Promise<Sides> {
  return onServer(context, async ({ url }) => {
    const floor = startChild<SigningLoad, { rate: number }>('sign');
    const ours = (seconds: number) => rate(url, 'bench-jwt', CREDENTIALS, seconds);
    try {
      await ours(1);
      return await alternate(context, name, {
        floor: async () => (await floor.ask({ seconds: context.seconds })).rate,
        ours: () => ours(context.seconds),
      });
    } finally {
      await floor.stop();
    }
  });
}

const CREDENTIALS = form('/auth/token', { grant_type: 'client_credentials' });
const PEER_CREDENTIALS = form('/token', { grant_type: 'client_credentials' });

function row(name: string, ratio: number, work: Work): Row {
  const floor = 'oidc-provider, in memory';
  const measure = (context: Context) => againstPeer(context, name, work);
  return { name, part: 'tokens', floor, unit: 'req/s', target: { ratio }, measure };
}

const SIGNED = 'POST /auth/token, RS256 JWT';

export const tokens: readonly Row[] = [
  row('POST /auth/token, opaque, Basic, durable', 1.2, async () => {
    return { client: 'bench', floor: PEER_CREDENTIALS, ours: CREDENTIALS };
  }),
  row('refresh, opaque, Basic, durable', 1.2, async ({ granted }, { refreshToken }) => {
    const { refresh_token = '' } = await granted('bench-refresh');
    const request = (path: string, token: string) => form(path, { grant_type: 'refresh_token', refresh_token: token });
    const ours = request('/auth/token', refresh_token);
    return { client: 'bench-refresh', floor: request('/token', refreshToken), ours };
  }),
  row('introspection of an opaque token', 2, async ({ granted }, { accessToken }) => {
    const { access_token } = await granted('bench');
    const floor = form('/token/introspection', { token: accessToken });
    return { client: 'bench', floor, ours: form('/auth/introspect', { token: access_token }) };
  }),
  {
    name: SIGNED,
    part: 'tokens',
    floor: 'RSA-2048 signatures on one core',
    unit: 'req/s',
    target: { ratio: 0.8 },
    measure: (context) => againstSigning(context, SIGNED),
  },
];
