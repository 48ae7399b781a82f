/** Clients that write without pause and record the responses. */
import type { Reply, RequestOptions } from '../harness/http.ts';
import { patiently } from '../harness/patiently.ts';
import { asRoot, type TestServer } from '../harness/server.ts';

export const SYSTEM = 'http://example.org/kill';

/** A resource as its writer knows it. */
export interface Ledger {
  id: string;
  /** The value of each answered version, in order from version 1. */
  answered: string[];
  /** A value sent but not answered when the server died: it must be stored completely or not at all. */
  pending: string | undefined;
}

/** Sends a request as the root client; resolves with undefined if the server died first. */
async function ask(server: TestServer, method: string, path: string, options: RequestOptions) {
  const send = (): Promise<Reply> => server.request(method, path, { as: asRoot, ...options });
  return patiently(send).catch(() => undefined);
}

/** Updates one resource repeatedly until the server dies. */
export async function write(server: TestServer, ledger: Ledger): Promise<void> {
  for (;;) {
    const value = `${ledger.id}-${ledger.answered.length + 1}`;
    ledger.pending = value;
    const json = { identifier: [{ system: SYSTEM, value }], name: [{ family: value }] };
    const reply = await ask(server, 'PUT', `/Patient/${ledger.id}`, { json });
    if (reply === undefined) return;
    if (reply.status >= 300) throw new Error(`PUT was answered ${reply.status}: ${reply.text}`);
    if (reply.at('meta.versionId') !== String(ledger.answered.length + 1))
      throw new Error(`not the next: ${reply.text}`);
    ledger.answered.push(value);
    ledger.pending = undefined;
  }
}

/** Creates resources until the server dies; each gets its own ledger. */
export async function create(server: TestServer, prefix: string, ledgers: Ledger[]): Promise<void> {
  for (let n = 0; ; n += 1) {
    const ledger: Ledger = { id: `${prefix}-${n}`, answered: [], pending: `${prefix}-${n}-1` };
    ledgers.push(ledger);
    const json = { identifier: [{ system: SYSTEM, value: ledger.pending }], name: [{ family: ledger.pending }] };
    const reply = await ask(server, 'PUT', `/Patient/${ledger.id}`, { json });
    if (reply === undefined) return;
    if (reply.status !== 201) throw new Error(`PUT was answered ${reply.status}: ${reply.text}`);
    ledger.answered.push(`${ledger.id}-1`);
    ledger.pending = undefined;
  }
}

/**
 * Creates pairs of resources in transactions until the server dies: each pair must be stored together or not at all.
 */
export async function transact(server: TestServer, prefix: string, pairs: Ledger[][]): Promise<void> {
  for (let n = 0; ; n += 1) {
    const pair = ['x', 'y'].map((end): Ledger => {
      return { id: `${prefix}-${n}-${end}`, answered: [], pending: `${prefix}-${n}-${end}-1` };
    });
    pairs.push(pair);
    const entry = pair.map(({ id, pending: value }) => ({
      resource: { resourceType: 'Patient', id, identifier: [{ system: SYSTEM, value }] },
      request: { method: 'PUT', url: `Patient/${id}` },
    }));
    const json = { resourceType: 'Bundle', type: 'transaction', entry };
    const reply = await ask(server, 'POST', '/', { json });
    if (reply === undefined) return;
    if (reply.status !== 200) throw new Error(`a transaction was answered ${reply.status}: ${reply.text}`);
    for (const ledger of pair) {
      ledger.answered.push(`${ledger.id}-1`);
      ledger.pending = undefined;
    }
  }
}

/** Requests tokens until the server dies. */
export async function logIn(server: TestServer, tokens: string[]): Promise<void> {
  for (;;) {
    const form = 'grant_type=client_credentials';
    const reply = await ask(server, 'POST', '/auth/token', { form });
    if (reply === undefined) return;
    if (reply.status !== 200) throw new Error(`a token was answered ${reply.status}: ${reply.text}`);
    tokens.push(reply.string('access_token'));
  }
}
