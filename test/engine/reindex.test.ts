/** Index rows are made anew while others search and write. */
import { expect } from 'chai';
import { after, before, beforeEach, describe, it } from 'mocha';
import type { Engine } from '../../resources/engine.ts';
import type { JsonObject } from '../../resources/json/value.ts';
import { INDEX_TABLES } from '../../resources/search/index/tables.ts';
import { readConfig } from '../../server/config.ts';
import { openWard, type Ward } from '../../server/open.ts';
import type { TestDatabase } from '../harness/database.ts';
import { preparedDatabase } from '../harness/prepared.ts';

/** More than one job of them. */
const PATIENTS = 1100;

describe('engine: reindex', () => {
  let database: TestDatabase;
  let ward: Ward;
  let engine: Engine;
  before(async () => {
    database = await preparedDatabase();
    ward = await openWard(readConfig({ DATABASE_URL: database.url }));
    engine = ward.engine;
    await engine.transact(async (transaction) => {
      for (let at = 0; at < PATIENTS; at += 1) {
        await transaction.update('Patient', `p${at}`, patient(at, `Family${at}`), BY);
      }
    });
  });
  after(async () => {
    await ward.close();
    await database.drop();
  });
  // Half of the rows are gone, and each resource has one that it should not have.
  beforeEach(() =>
    engine.transact(async (transaction) => {
      for (const { name } of INDEX_TABLES) await transaction.run(`DELETE FROM ${name} WHERE key % 2 = 0`);
      await transaction.run(
        `INSERT INTO search_string (param, folded, exact, edge, key) SELECT param, 'old', 'old', 3, s.key` +
          " FROM search_string s JOIN resource r ON r.key = s.key WHERE r.type = 'Patient' GROUP BY param, s.key",
      );
    }),
  );

  function store(at: number, family: string): Promise<unknown> {
    return engine.update('Patient', `p${at}`, patient(at, family), BY);
  }
  const found = (family: string): Promise<(string | undefined)[]> =>
    engine.transact(async (transaction) =>
      (await transaction.matches('Patient', [['family:exact', family]], 100)).map(({ id }) => id),
    );
  /** Makes the rows anew; `meanwhile` is done after each job. Gives how far it was at the end. */
  async function reindex(meanwhile: (step: number) => Promise<unknown> = async () => undefined): Promise<object> {
    let [last, step]: [object, number] = [{}, 0];
    for await (last of engine.reindex(['Patient'])) await meanwhile(step++);
    return last;
  }
  const isWhole = async () => expect(await reindex()).to.include({ looked: PATIENTS, changed: 0, total: PATIENTS });

  it('of what others write meanwhile, it makes the rows of what they wrote', async () => {
    await reindex(async (step) => {
      for (const at of [0, PATIENTS - 2, PATIENTS - 1]) await store(at, `Step${step}-${at}`);
      for (const at of [0, PATIENTS - 1]) expect(await found(`Step${step}-${at}`)).to.eql([`p${at}`]);
    });
    expect(await found(`Family${PATIENTS - 1}`)).to.eql([]);
    await isWhole();
  });

  it('a search finds meanwhile what it found before', async () => {
    const whole = await Promise.all([1, 501, 1001].map((at) => found(`Family${at}`)));
    const others = await Promise.all([2, 502, 1002].map((at) => found(`Family${at}`)));
    await reindex(async () => {
      const now = await Promise.all([1, 501, 1001].map((at) => found(`Family${at}`)));
      for (const [place, ids] of whole.entries()) expect(now[place]).to.include.members(ids);
    });
    const now = await Promise.all([1, 2, 501, 502, 1001, 1002].map((at) => found(`Family${at}`)));
    expect(now).to.eql([1, 2, 501, 502, 1001, 1002].map((at) => [`p${at}`]));
    expect([whole.flat().length, others.flat().length]).to.have.members([0, 3]);
    expect(await found('old')).to.eql([]);
  });

  it('a write may bring what an old row says already', async () => {
    // One of them has such a row, by its key.
    for (const at of [3, 4]) await store(at, 'old');
    expect(await found('old')).to.include.members(['p3', 'p4']);
    for (const at of [3, 4]) await store(at, `Family${at}`);
    await reindex();
    expect(await found('old')).to.eql([]);
    await isWhole();
  });

  it('a write takes back what one of its group brought, and an old row says already', async () => {
    // One of them has such a row, by its key.
    for (const at of [5, 6]) await Promise.all(['old', `Family${at}`].map((family) => store(at, family)));
    expect(await found('old'))
      .not.to.include('p5')
      .and.not.to.include('p6');
    await reindex();
  });

  it('two at the same time do not get in the way of each other', async () => {
    await Promise.all([reindex(), reindex(), reindex()]);
    await isWhole();
  });
});

function patient(at: number, family: string): JsonObject {
  return { resourceType: 'Patient', id: `p${at}`, name: [{ family }] };
}

const BY = { by: 'server' } as const;
