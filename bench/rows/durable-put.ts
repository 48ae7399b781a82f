import path from 'node:path';
import { startChild, startOurs } from '../children.ts';
import { fill } from '../dataset.ts';
import type { InsertFloor } from '../floors/insert.ts';
import { patient } from '../patient.ts';
import { rateOf } from '../rate.ts';
import { alternate, type Context, type Row, type Sides } from '../row.ts';

const CONNECTIONS = 32;
/** Patients whose stored text and index rows the floor inserts again and again. */
const SAMPLES = 200;

async function measure(context: Context): Promise<Sides> {
  const source = path.join(context.folder, 'write.db');
  const server = await startOurs(context, `sqlite:${source}`);
  const floor = startChild<InsertFloor, { rate: number }>('insert');
  try {
    const { url, authorization } = await fill({ ...context, patients: SAMPLES }, server);
    const body = JSON.stringify(patient(7, '{n}'));
    const template = { method: 'PUT' as const, path: '/Patient/bench-{n}', body };
    const headers = { authorization, 'content-type': 'application/fhir+json' };
    let from = 1_000_000;
    const put = async (seconds: number): Promise<number> => {
      const load = { url, connections: CONNECTIONS, seconds, headers, template: { ...template, from } };
      const { rate, total } = await rateOf(load);
      // A connection may have sent a request whose answer was not waited for.
      from += total + CONNECTIONS;
      return rate;
    };
    const insert = async (seconds: number): Promise<number> =>
      (await floor.ask({ source, target: path.join(context.folder, 'floor.db'), group: CONNECTIONS, seconds })).rate;
    await put(1);
    return await alternate(context, durablePut.name, {
      floor: () => insert(context.seconds),
      ours: () => put(context.seconds),
    });
  } finally {
    await floor.stop();
    await server.stop();
  }
}

export const durablePut: Row = {
  name: 'PUT of a new 3 KB Patient, durable',
  part: 'writes',
  floor: 'raw sqlite3, same rows, groups of 32',
  unit: 'req/s',
  target: { ratio: 0.5 },
  measure,
};
