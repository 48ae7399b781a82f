/** Clients that write without pause and remember what they were answered. */
import { asRoot, type TestServer } from '../harness/server.ts';

export const SYSTEM = 'http://example.org/kill';

/** One resource as its writer knows it. */
export interface Ledger {
  id: string;
  /** The value of each answered version, in their order: version 1 comes first. */
  answered: string[];
  /** What was sent and not answered when the server died: stored whole, or not at all. */
  pending: string | undefined;
}

/** Puts one change after another to one resource until the server dies. */
export async function write(server: TestServer, ledger: Ledger): Promise<void> {
  for (;;) {
    const value = `${ledger.id}-${ledger.answered.length + 1}`;
    ledger.pending = value;
    const json = { identifier: [{ system: SYSTEM, value }], name: [{ family: value }] };
    const reply = await server.request('PUT', `/Patient/${ledger.id}`, { as: asRoot, json }).catch(() => undefined);
    if (reply === undefined) return;
    if (reply.status >= 300) throw new Error(`PUT was answered ${reply.status}: ${reply.text}`);
    if (reply.at('meta.versionId') !== String(ledger.answered.length + 1))
      throw new Error(`not the next: ${reply.text}`);
    ledger.answered.push(value);
    ledger.pending = undefined;
  }
}

/** Puts new resources until the server dies; each is a ledger of its own. */
export async function create(server: TestServer, prefix: string, ledgers: Ledger[]): Promise<void> {
  for (let n = 0; ; n += 1) {
    const ledger: Ledger = { id: `${prefix}-${n}`, answered: [], pending: `${prefix}-${n}-1` };
    ledgers.push(ledger);
    const json = { identifier: [{ system: SYSTEM, value: ledger.pending }], name: [{ family: ledger.pending }] };
    const reply = await server.request('PUT', `/Patient/${ledger.id}`, { as: asRoot, json }).catch(() => undefined);
    if (reply === undefined) return;
    if (reply.status !== 201) throw new Error(`PUT was answered ${reply.status}: ${reply.text}`);
    ledger.answered.push(`${ledger.id}-1`);
    ledger.pending = undefined;
  }
}
