/**
 * Concurrent searches give the same results as sequential ones: each caller gets its own result, and only visible rows.
 */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { type Api, startApi } from '../auth/http/api.ts';
import type { Identity } from '../harness/http.ts';
import { asRoot } from '../harness/server.ts';

const HOUSES = ['north', 'south'];
const PATIENTS = 24;

describe('leak between searches that come at once', () => {
  let api: Api;
  const nurse = (house: string): Identity => ({ basic: [house, `${house}-secret`] });

  before(async () => {
    api = await startApi();
    for (const house of HOUSES) {
      await api.put(`/Client/${house}`, { secret: `${house}-secret`, grant_types: ['basic'] });
      await api.put(`/AccessPolicy/${house}`, {
        engine: 'criteria',
        link: [{ reference: `Client/${house}` }],
        resource: 'Patient',
        criteria: `organization=Organization/${house}`,
      });
    }
    for (let n = 0; n < PATIENTS; n += 1) {
      await api.put(`/Patient/p${n}`, {
        identifier: [{ system: 'urn:bed', value: `bed-${n % 6}` }],
        name: [{ family: `Family${n % 4}` }],
        birthDate: `19${40 + n}-01-01`,
        managingOrganization: { reference: `Organization/${HOUSES[n % 2]}` },
      });
    }
  });
  after(() => api.stop());

  /** Returns the result of a search: its status, total, ids in order, and number of links. */
  async function search(as: Identity, query: string): Promise<unknown[]> {
    const reply = await api.request('GET', `/Patient?${query}`, { as });
    const entries = reply.list('entry') as { resource: { id: string } }[];
    const ids = entries.map(({ resource }) => resource.id).join(' ');
    return [reply.status, reply.at('total'), ids, reply.list('link').length];
  }

  it('none gets what is of another', async () => {
    const callers = [asRoot, ...HOUSES.map(nurse)];
    const beds = [0, 1, 2, 3, 4, 5].map((bed) => `identifier=urn:bed|bed-${bed}`);
    const names = [0, 1, 2, 3].map((family) => `name=family${family}&_count=2`);
    const years = [1940, 1945, 1950, 1955].map((year) => `birthdate=ge${year}&_sort=-birthdate&_count=${year % 7}`);
    const asked = [...beds, ...names, ...years].flatMap((query) => callers.map((as) => ({ as, query })));
    const alone: unknown[][] = [];
    for (const { as, query } of asked) alone.push(await search(as, query));
    expect(new Set(alone.map((answer) => JSON.stringify(answer))).size).to.be.greaterThan(asked.length / 2);
    for (let round = 0; round < 4; round += 1) {
      const together = await Promise.all(asked.map(({ as, query }) => search(as, query)));
      expect(together).to.deep.equal(alone);
    }
  });
});
