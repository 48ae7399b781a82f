/** The longest wait when a thousand clients connect at once and send requests without a pause; rejections count too. */
import { memoryOf, peakOf, startChild } from '../children.ts';
import type { Load, LoadRequest, LoadResult } from '../load.ts';
import { patient, patientId } from '../patient.ts';
import type { Context, Row, Sides } from '../row.ts';

const CALLERS = 1000;
/** The number of requests of each client. The load waits for all of them, so that starvation would show. */
const EACH = 5;
const PATIENCE_SECONDS = 60;

function row(what: string, asked: LoadRequest): Row {
  const name = `longest wait of 1,000 callers who come at once and ${what}`;
  const measure = async (context: Context): Promise<Sides> => {
    const { url, authorization } = await context.filled();
    const headers = { authorization, 'content-type': 'application/fhir+json' };
    const load = { url, connections: CALLERS, seconds: PATIENCE_SECONDS, each: EACH, headers, lists: [[asked]] };
    const results: LoadResult[] = [];
    for (let round = 1; round <= context.rounds; round += 1) {
      context.say(`${name}: round ${round} of ${context.rounds}`);
      // A new process each time, so that all connections are new.
      const child = startChild<Load, LoadResult>('load');
      try {
        results.push(served(await child.ask(load)));
      } finally {
        await child.stop();
      }
    }
    return { floor: results.map(({ p50 }) => p50), ours: results.map(({ longest }) => longest) };
  };
  return { name, part: 'crowd', floor: 'p50 under the same load', unit: 'ms', target: { most: 2000 }, measure };
}

/** Throws if a request got neither its response nor 503, or if every response was 503. */
function served(result: LoadResult): LoadResult {
  const { total, failures, busy } = result;
  if (failures > busy || total < CALLERS * EACH || total === busy)
    throw new Error(
      `of ${CALLERS * EACH} requests ${total} were answered, ${busy} by 503, and ${failures - busy} failed`,
    );
  return result;
}

const { id: _id, ...created } = patient(0) as { id: string };

export const crowd: readonly Row[] = [
  row('read', { method: 'GET', path: `/Patient/${patientId(0)}` }),
  row('create', { method: 'POST', path: '/Patient', body: JSON.stringify(created) }),
  {
    name: 'most memory of the server, all of these callers among it',
    part: 'crowd',
    floor: 'once they have left',
    unit: 'MiB',
    target: { most: 250 },
    measure: async (context) => {
      const { pid } = await context.filled();
      return { floor: [memoryOf(pid)], ours: [peakOf(pid)] };
    },
  },
];
