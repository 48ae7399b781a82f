/**
 * Fetches a Client's keys from its `jwks_uri`. Whoever writes the Client chooses that address, so it must not give
 * access to what only this server can reach: SSRF (https://www.rfc-editor.org/rfc/rfc9700#section-4.11).
 */
import { Resolver } from 'node:dns/promises';
import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { readJson } from '../../resources/json/read.ts';
import type { Json } from '../../resources/json/value.ts';
import { bareHost, isPublicAddress, knownAddresses } from './public-address.ts';

/** Fetches a JWK Set; resolves to undefined if that fails. */
export type FetchKeys = (uri: string) => Promise<Json | undefined>;

export interface FetchKeysOptions {
  /** True if private network addresses and plain http are permitted. */
  private: boolean;
  /** Reports why a fetch failed. */
  report(problem: string): void;
  /** Resolves a host name to IP addresses. */
  resolve?: (host: string) => Promise<string[]>;
}

const TIMEOUT_MS = 3_000;
const LARGEST = 65_536;

/** Creates a fetcher with these limits: https, public addresses, no redirects, 3 s and 64 KiB. */
export function createFetchKeys({ private: permitted, report, resolve = resolveHost }: FetchKeysOptions): FetchKeys {
  return async (uri) => {
    try {
      const url = new URL(uri);
      if (url.protocol !== 'https:' && !(permitted && url.protocol === 'http:'))
        throw new Error('it does not use https');
      if (url.username !== '' || url.password !== '') throw new Error('it contains credentials');
      const signal = AbortSignal.timeout(TIMEOUT_MS);
      const host = bareHost(url);
      const addresses = knownAddresses(host) ?? (await withSignal(resolve(host), signal));
      if (addresses.length === 0) throw new Error('its host has no address');
      if (!permitted && !addresses.every(isPublicAddress)) throw new Error('its host has no public address');
      return readJson(await get(url, addresses, signal));
    } catch (error) {
      // Without the query, which may contain secrets.
      const [shown] = uri.split('?', 1);
      report(`Cannot fetch the keys at ${shown}: ${error instanceof Error ? error.message : String(error)}.`);
      return undefined;
    }
  };
}

/** Asks the name servers directly: the system resolver would occupy a thread that the database needs. */
async function resolveHost(host: string): Promise<string[]> {
  const resolver = new Resolver({ timeout: 1_000, tries: 2 });
  const found = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
  return found.flatMap((each) => (each.status === 'fulfilled' ? each.value : []));
}

function withSignal<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(new Error('the request timed out')), { once: true });
    promise.then(resolve, reject);
  });
}

/**
 * Fetches from the addresses that were checked: a name that resolves differently meanwhile (DNS rebinding) has no
 * effect.
 */
async function get(url: URL, addresses: readonly string[], signal: AbortSignal): Promise<string> {
  const send = url.protocol === 'https:' ? requestHttps : requestHttp;
  const judged = addresses.map((address) => ({ address, family: isIP(address) }));
  const lookup: LookupFunction = (_host, { all }, found) =>
    all ? found(null, judged) : found(null, judged[0]?.address ?? '', judged[0]?.family);
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    send(url, { lookup, signal, agent: false, headers: { accept: 'application/json' } }, resolve)
      .on('error', reject)
      .end();
  });
  try {
    // A redirect is an error, like any status other than 200: it is not followed.
    if (answer.statusCode !== 200) throw new Error(`the response is ${answer.statusCode}`);
    return await textOf(answer);
  } finally {
    answer.destroy();
  }
}

async function textOf(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer) {
    size += (chunk as Buffer).length;
    if (size > LARGEST) throw new Error('the response is too large');
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString();
}
