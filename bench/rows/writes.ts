/** Durable writes of a 3 KB Patient, validated and indexed. */
import path from 'node:path';
import { startChild, startOurs } from '../children.ts';
import { type Dataset, fill } from '../dataset.ts';
import type { InsertFloor } from '../floors/insert.ts';
import type { LoadRequest } from '../load.ts';
import { patient, patientId } from '../patient.ts';
import { rateOf } from '../rate.ts';
import { alternate, type Context, type Row, type Sides } from '../row.ts';

const CONNECTIONS = 32;
/** Patients whose stored text and index rows the floor inserts repeatedly. */
const SAMPLES = 200;
/** The element in the text of a Patient that each update changes. */
const MARK = '"family":"Sample"';

const CREATE: LoadRequest = { method: 'POST', path: '/Patient', body: JSON.stringify(patient(7, '{n}')) };
const PUT_NEW: LoadRequest = { method: 'PUT', path: '/Patient/bench-{n}', body: JSON.stringify(patient(7, '{n}')) };

/** Runs a measurement on a new server that holds the samples. */
async function onServer<Result>(context: Context, run: (dataset: Dataset, database: string) => Promise<Result>) {
  const database = path.join(context.folder, `write-${process.hrtime.bigint()}.db`);
  const server = await startOurs(context, `sqlite:${database}`);
  try {
    return await run(await fill({ ...context, patients: SAMPLES }, server), database);
  } finally {
    await server.stop();
  }
}

/** Returns a function that measures the rate of one request, with a new number in each. */
function writer({ url, authorization }: Dataset, template: LoadRequest): (seconds: number) => Promise<number> {
  let from = 1_000_000;
  const headers = { authorization, 'content-type': 'application/fhir+json' };
  return async (seconds) => {
    const load = { url, connections: CONNECTIONS, seconds, headers, template: { ...template, from } };
    const { rate, total } = await rateOf(load);
    // Each connection may have one more request whose response was not awaited.
    from += total + CONNECTIONS;
    return rate;
  };
}

function againstInsert(context: Context, name: string, template: LoadRequest): Promise<Sides> {
  return onServer(context, async (dataset, source) => {
    const floor = startChild<InsertFloor, { rate: number }>('insert');
    try {
      const target = path.join(context.folder, 'floor.db');
      const insert = async (seconds: number) => (await floor.ask({ source, target, group: CONNECTIONS, seconds })).rate;
      const ours = writer(dataset, template);
      await ours(1);
      return await alternate(context, name, {
        floor: () => insert(context.seconds),
        ours: () => ours(context.seconds),
      });
    } finally {
      await floor.stop();
    }
  });
}

/** Returns the requests of a connection, which repeatedly changes one element of its own Patients. */
function changes(connection: number): LoadRequest[] {
  return Array.from({ length: 2000 }, (_, turn) => {
    const n = connection + CONNECTIONS * (turn % Math.floor(SAMPLES / CONNECTIONS));
    const text = JSON.stringify({ ...patient(n), contact: [{ name: { family: 'Sample' } }] });
    return { method: 'PUT', path: `/Patient/${patientId(n)}`, body: text.replace(MARK, `"family":"Turn ${turn}"`) };
  });
}

function againstCreate(context: Context, name: string): Promise<Sides> {
  return onServer(context, async (dataset) => {
    const create = writer(dataset, CREATE);
    const headers = { authorization: dataset.authorization, 'content-type': 'application/fhir+json' };
    const lists = Array.from({ length: CONNECTIONS }, (_, connection) => changes(connection));
    const put = async (seconds: number) =>
      (await rateOf({ url: dataset.url, connections: CONNECTIONS, seconds, headers, lists })).rate;
    for (const side of [create, put]) await side(1);
    return alternate(context, name, { floor: () => create(context.seconds), ours: () => put(context.seconds) });
  });
}

const RAW = { part: 'writes', floor: 'raw sqlite3, same rows, groups of 32', unit: 'req/s' } as const;
const NAMES = {
  create: 'POST of a 3 KB Patient, durable',
  put: 'PUT of a new 3 KB Patient, durable',
  change: 'PUT that changes one element',
};

export const writes: readonly Row[] = [
  {
    ...RAW,
    name: NAMES.create,
    target: { ratio: 0.5 },
    measure: (context) => againstInsert(context, NAMES.create, CREATE),
  },
  { ...RAW, name: NAMES.put, target: { ratio: 0.5 }, measure: (context) => againstInsert(context, NAMES.put, PUT_NEW) },
  {
    name: NAMES.change,
    part: 'writes',
    floor: 'POST of such a Patient, ours',
    unit: 'req/s',
    target: { ratio: 1.5 },
    measure: (context) => againstCreate(context, NAMES.change),
  },
];
