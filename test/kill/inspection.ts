/** Compares the contents of a server after a crash with the responses that its writers got. */
import { expect } from 'chai';
import type { Reply } from '../harness/http.ts';
import { patiently } from '../harness/patiently.ts';
import { asRoot, type TestServer } from '../harness/server.ts';
import { type Ledger, SYSTEM } from './writers.ts';

interface Entry {
  resource?: { id: string; identifier: { value: string }[]; meta: { versionId: string } };
}

/** The maximum page size. */
const PAGE = 1000;

/** A server to inspect, in any process. */
type Served = Pick<TestServer, 'request'>;

function get(server: Served, path: string): Promise<Reply> {
  return patiently(() => server.request('GET', path, { as: asRoot }));
}

async function entries(server: Served, path: string): Promise<Entry[]> {
  const reply = await get(server, path);
  expect(reply.status, reply.text).to.be.oneOf([200, 404]);
  return reply.list('entry') as Entry[];
}

function identifierOf({ resource }: Entry): string {
  return resource?.identifier[0]?.value ?? '';
}

/**
 * Returns the values of all versions of a resource, oldest first, and checks that they are numbered from 1 and that the
 * last is current.
 */
export async function historyOf(server: Served, id: string): Promise<string[]> {
  const history = await entries(server, `/Patient/${id}/_history?_count=${PAGE}`);
  // A full page may not be the whole history, which the comparison needs.
  expect(history.length, `history of ${id}`).to.be.below(PAGE);
  const versions = history.map(({ resource }) => Number(resource?.meta.versionId)).reverse();
  expect(versions, `versions of ${id}`).to.eql(versions.map((_, at) => at + 1));
  const values = history.map(identifierOf).reverse();
  const current = await get(server, `/Patient/${id}`);
  if (values.length === 0) expect(current.status).to.equal(404);
  else expect(current.at('identifier.0.value')).to.equal(values.at(-1));
  return values;
}

/** Checks that every answered version is stored, and a pending one last or not at all. Updates the ledger to match. */
export async function reconcile(server: Served, ledger: Ledger): Promise<void> {
  const values = await historyOf(server, ledger.id);
  const expected = [ledger.answered];
  if (ledger.pending !== undefined) expected.push([...ledger.answered, ledger.pending]);
  expect(expected, `history of ${ledger.id}`).to.deep.include(values);
  ledger.answered = values;
  ledger.pending = undefined;
}

/** Checks that a search finds each resource by its current value and by no earlier one. */
export async function checkIndex(server: Served, ledgers: Ledger[]): Promise<void> {
  for (let start = 0; start < ledgers.length; start += 20) {
    const group = ledgers.slice(start, start + 20);
    const sent = group.flatMap(({ id, answered }) => [...answered.slice(-3), `${id}-${answered.length + 1}`]);
    const value = encodeURIComponent(sent.map((text) => `${SYSTEM}|${text}`).join(','));
    const found = await entries(server, `/Patient?identifier=${value}&_count=${PAGE}`);
    const current = group.flatMap(({ answered }) => answered.slice(-1));
    expect(found.map(identifierOf).sort()).to.eql(current.sort());
  }
}
