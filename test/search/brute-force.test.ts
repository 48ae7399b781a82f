/** What a search finds is what a filter over the same resources finds that looks at every one of them. */
import { expect } from 'chai';
import fc from 'fast-check';
import type { Bundle } from 'fhir/r4.js';
import { after, before, describe, it } from 'mocha';
import type { TestDatabase } from '../harness/database.ts';
import { runs } from '../harness/generated.ts';
import { type ClockedServer, startClockedServer } from '../harness/in-process.ts';
import { preparedDatabase } from '../harness/prepared.ts';
import { asRoot } from '../harness/server.ts';
import { BASE } from './oracle/cast.ts';
import { load } from './oracle/load.ts';
import { pairsOf, type Query, queries } from './oracle/queries.ts';
import type { World } from './oracle/world.ts';

const LARGEST_PAGE = 1000;
/** A longer query is sent by POST, and has to be answered by one page: the next one has an address. */
const LONGEST_ADDRESS = 8000;

describe('Search against a filter by brute force', () => {
  let database: TestDatabase;
  let server: ClockedServer;
  let world: World;

  before(async () => {
    database = await preparedDatabase();
    server = await startClockedServer({ BASE_URL: BASE, MAX_BODY: '4mb' }, database);
    world = await load(server);
    await database.analyze();
  });

  after(async () => {
    await server.stop();
    await database.drop();
  });

  /** One page of a search, by the way that the query takes or by a link to the next. */
  async function page(query: Query, count: number, next?: string): Promise<Bundle> {
    const form = new URLSearchParams([...pairsOf(query), ['_count', `${count}`]]).toString();
    const path = `${query.root}/Patient`;
    const send = () => {
      if (next !== undefined) return server.request('GET', next.slice(BASE.length), { as: asRoot });
      if (query.post || form.length > LONGEST_ADDRESS)
        return server.request('POST', `${path}/_search`, { as: asRoot, form });
      return server.request('GET', `${path}?${form}`, { as: asRoot });
    };
    const { status, text, body } = await send();
    expect(status, text).to.equal(200);
    return body as Bundle;
  }

  /** The ids of all pages, in their order, and the totals that they give. */
  async function search(query: Query, count: number): Promise<{ ids: string[]; totals: (number | undefined)[] }> {
    const ids: string[] = [];
    const totals: (number | undefined)[] = [];
    let next: string | undefined;
    do {
      const { total, link, entry = [] } = await page(query, count, next);
      expect(entry.length, 'resources on a page').to.be.at.most(count);
      ids.push(...entry.map(({ resource }) => resource?.id ?? ''));
      totals.push(total);
      next = link?.find(({ relation }) => relation === 'next')?.url;
    } while (next !== undefined);
    return { ids, totals };
  }

  async function compare(query: Query): Promise<void> {
    const expected = world.find(query.criteria, { base: BASE, now: server.now() });
    const pages = new URLSearchParams(pairsOf(query)).toString().length > LONGEST_ADDRESS ? 1 : query.pages;
    const count = Math.min(LARGEST_PAGE, Math.ceil(expected.length / pages) || 1);
    const { ids, totals } = await search(query, count);
    const wrong = difference(ids, query.shape === 'count' ? [] : expected);
    if (wrong !== '') throw new Error(wrong);
    const exact = query.shape === 'plain' ? [expected.length, undefined] : [expected.length];
    for (const total of totals) expect(total, 'total').to.be.oneOf(exact);
    expect(world.isSorted(ids, query.sort), `the order of ${ids}`).to.equal(true);
  }

  it('finds the same, in order and on every page', async () => {
    const property = fc.asyncProperty(queries(world), async (query) => {
      try {
        await compare(query);
      } catch (error) {
        const told = pairsOf(query).map((pair) => pair.join('='));
        throw new Error(`Patient?${told.join('&')}: ${(error as Error).message}`, { cause: error });
      }
    });
    await fc.assert(property, runs(10_000));
  }).timeout(1_800_000);
});

/** Which ids are too many and which too few; empty where none are. */
function difference(found: string[], expected: string[]): string {
  const told: [string, string[]][] = [
    ['too many', found.filter((id, at) => !expected.includes(id) || found.indexOf(id) < at)],
    ['too few', expected.filter((id) => !found.includes(id))],
  ];
  return told
    .filter(([, ids]) => ids.length > 0)
    .map(([what, ids]) => `${ids.length} ${what} (${ids.slice(0, 10).join(' ')})`)
    .join(', ');
}
