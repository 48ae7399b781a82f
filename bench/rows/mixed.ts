/** Create, read, update, search and delete in the ratio 1:4:1:2:1, measured per CPU second of the server. */
import { cpuSecondsOf } from '../children.ts';
import type { LoadRequest } from '../load.ts';
import { familyOf, patient, patientId } from '../patient.ts';
import { rateOf } from '../rate.ts';
import type { Context, Row, Sides } from '../row.ts';

const CONNECTIONS = 32;
const TURNS = 60;

/** Returns the requests of each connection. */
export function mixedRequests(context: Pick<Context, 'patients'>): LoadRequest[][] {
  return Array.from({ length: CONNECTIONS }, (_, connection) => requests(context, connection));
}

/** Returns the requests of one connection, which creates, changes and deletes its own resources. */
function requests({ patients }: Pick<Context, 'patients'>, connection: number): LoadRequest[] {
  return Array.from({ length: TURNS }, (_, turn) => {
    const n = (connection * 7919 + turn * 104_729) % patients;
    const own = `/Patient/mixed-${connection}-${turn}`;
    const body = (active: boolean) => JSON.stringify({ ...patient(n), id: own.slice('/Patient/'.length), active });
    const read = (at: number): LoadRequest => ({ method: 'GET', path: `/Patient/${patientId((n + at) % patients)}` });
    const search = `/Patient?name=${encodeURIComponent(familyOf(n))}&_count=10`;
    const identifier = `/Patient?identifier=http://example.org/fhir/sid/mrn|mrn-${n}`;
    const all: LoadRequest[] = [
      { method: 'PUT', path: own, body: body(true) },
      ...[1, 2, 3, 4].map(read),
      { method: 'GET', path: search },
      { method: 'PUT', path: own, body: body(false) },
      { method: 'GET', path: identifier },
      { method: 'DELETE', path: own },
    ];
    return all;
  }).flat();
}

async function measure(context: Context): Promise<Sides> {
  const { url, authorization, pid } = await context.filled();
  const headers = { authorization, 'content-type': 'application/fhir+json' };
  const lists = mixedRequests(context);
  const sides: Sides = { floor: [], ours: [] };
  await rateOf({ url, connections: CONNECTIONS, seconds: 1, headers, lists });
  for (let round = 1; round <= context.rounds; round += 1) {
    context.say(`${mixed.name}: round ${round} of ${context.rounds}`);
    const before = cpuSecondsOf(pid);
    const { total, rate } = await rateOf({ url, connections: CONNECTIONS, seconds: context.seconds, headers, lists });
    sides.ours.push(total / (cpuSecondsOf(pid) - before));
    sides.floor.push(rate);
  }
  return sides;
}

export const mixed: Row = {
  name: 'mixed create, read, update, search, delete (1:4:1:2:1)',
  part: 'mixed',
  floor: 'answers in a second of the clock',
  unit: 'a CPU-second',
  target: { least: 2500 },
  measure,
};
