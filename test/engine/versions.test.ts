import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import type { Version } from '../../resources/engine.ts';
import { Failure } from '../../resources/errors.ts';
import type { Job } from '../../resources/writing/group.ts';
import { Writer } from '../../resources/writing/writer.ts';
import { runs } from '../harness/generated.ts';
import { openedDatabase } from './opened.ts';

/** What one job does to one resource after another; some fail at their end, and have then done nothing. */
interface Step {
  ids: string[];
  fails: boolean;
  /** Asks the database itself, which has to have what was written before. */
  asks: boolean;
  /** Tells the queue beforehand what it looks at. */
  announced: boolean;
}

const STEPS = fc.array(
  fc.record({
    ids: fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1, maxLength: 3 }),
    fails: fc.boolean(),
    asks: fc.boolean(),
    announced: fc.boolean(),
  }),
  { minLength: 1, maxLength: 12 },
);

describe('The versions and credentials that a group of jobs writes', () => {
  const database = openedDatabase();

  function newWriter(): Writer {
    const open = () => database().openWriter();
    const options = {
      dialect: database().dialect,
      clock: () => 7,
      group: { milliseconds: 60_000 },
      afterCommit: () => undefined,
    };
    return new Writer({ ...options, open });
  }

  it('are those that the jobs would have stored one by one', async () => {
    const writer = newWriter();
    let run = 0;
    await fc.assert(
      fc.asyncProperty(STEPS, async (steps) => {
        run += 1;
        const model = new Map<string, number>();
        const jobs = steps.map((step, at) => {
          const ids = step.ids.map((id) => `${run}-${id}`);
          const done = writer.submit(write(ids, step, `job ${at}`), {
            looksAt: step.announced ? ids.map((id) => ({ type: 'Patient', id })) : [],
          });
          if (!step.fails) for (const id of ids) model.set(id, (model.get(id) ?? 0) + 1);
          return done.then(
            () => false,
            () => true,
          );
        });
        expect(await Promise.all(jobs)).to.eql(steps.map(({ fails }) => fails));
        expect(await stored(`${run}-`)).to.eql(expected(model));
      }),
      runs(300),
    );
    await writer.close();
  });

  /** `id/version`, each once, and where it stands; the `id` of each credential. */
  async function stored(prefix: string): Promise<string[]> {
    const of = (table: string) => `SELECT id, version_id, '${table}' AS place FROM ${table} WHERE id LIKE '${prefix}%'`;
    const rows = await database().queries.all<{ id: string; version_id: number; place: string }>(
      `${of('resource')} UNION ALL ${of('resource_history')}`,
    );
    const credentials = await database().queries.all<{ id: string }>(
      `SELECT r.id FROM credential c JOIN resource r ON r.key = c.key WHERE r.id LIKE '${prefix}%'`,
    );
    return [
      ...rows.map(({ id, version_id, place }) => `${id}/${version_id} in ${place}`),
      ...credentials.map(({ id }) => `${id} in credential`),
    ].sort();
  }
});

function write(ids: string[], { fails, asks }: Step, text: string): Job<void> {
  return async ({ connection, versions, credentials }) => {
    for (const id of ids) {
      const current = await versions.current(connection, 'Patient', id);
      const state = { type: 'Patient', id, lastUpdated: 7, method: 'PUT', text } as const;
      const key = current?.key ?? (await versions.insert({ ...state, versionId: 1 })).key;
      if (current) versions.supersede(next(current, text));
      credentials.insert({ key, name: 'test', hash: randomUUID(), detail: null });
      if (!asks) continue;
      const rows = await connection.all<{ text: string }>('SELECT text FROM resource WHERE id = ?', [id]);
      expect(rows).to.eql([{ text }]);
    }
    if (fails) throw new Failure('precondition', 'no');
  };
}

function next(current: Version, text: string): Version {
  return { ...current, versionId: current.versionId + 1, text };
}

function expected(model: ReadonlyMap<string, number>): string[] {
  const of = (id: string, last: number) => (at: number) => [
    `${id}/${at} in ${at === last ? 'resource' : 'resource_history'}`,
    `${id} in credential`,
  ];
  return [...model]
    .flatMap(([id, last]) => Array.from({ length: last }, (_, at) => at + 1).flatMap(of(id, last)))
    .sort();
}
