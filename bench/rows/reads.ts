/** Reads and searches, against koa and its router that send the same bytes and do nothing else. */
import { startChild } from '../children.ts';
import { uniformly } from '../dataset.ts';
import type { Filled } from '../filled.ts';
import type { KoaFloor } from '../floors/koa.ts';
import { familyOf, patientId } from '../patient.ts';
import { rateOf } from '../rate.ts';
import { alternate, type Context, type Row, type Sides } from '../row.ts';

const CONNECTIONS = 32;

interface Reading {
  name: string;
  part: Row['part'];
  /** The targeted share of the floor's rate. */
  ratio: number;
  /** The route of the floor. */
  route: string;
  authorization(filled: Filled): string;
  path(n: number): string;
}

async function measure(context: Context, { name, route, path, authorization: of }: Reading): Promise<Sides> {
  const filled = await context.filled();
  const floor = startChild<KoaFloor, { url: string }>('koa');
  try {
    const authorization = of(filled);
    const sample = await fetch(filled.url + path(0), { headers: { authorization } });
    if (!sample.ok) throw new Error(`${path(0)} answered ${sample.status} ${await sample.text()}`);
    const contentType = sample.headers.get('content-type') ?? '';
    const bare = await floor.ask({ path: route, contentType, body: await sample.text() });
    const load = { connections: CONNECTIONS, headers: { authorization }, lists: uniformly(context, CONNECTIONS, path) };
    // One second of warm-up, so that neither side is measured while V8 still compiles it.
    for (const { url } of [bare, filled]) await rateOf({ ...load, url, seconds: 1 });
    return await alternate(context, name, {
      floor: async () => (await rateOf({ ...load, url: bare.url, seconds: context.seconds })).rate,
      ours: async () => (await rateOf({ ...load, url: filled.url, seconds: context.seconds })).rate,
    });
  } finally {
    await floor.stop();
  }
}

function row(reading: Reading): Row {
  const { name, part, ratio } = reading;
  const floor = 'bare koa + router, same bytes';
  return { name, part, floor, unit: 'req/s', target: { ratio }, measure: (context) => measure(context, reading) };
}

const opaque = ({ authorization }: Filled) => authorization;
const read = { part: 'reads', route: '/Patient/:id', path: (n: number) => `/Patient/${patientId(n)}` } as const;
const search = { part: 'searches', route: '/Patient', authorization: opaque } as const;

export const reads: readonly Row[] = [
  row({ ...read, name: 'GET /Patient/{id}, opaque token, linked policy', ratio: 0.5, authorization: opaque }),
  row({
    ...read,
    name: 'GET /Patient/{id}, JWT, linked policy',
    ratio: 0.47,
    authorization: ({ jwtAuthorization }) => jwtAuthorization,
  }),
  row({
    ...search,
    name: 'GET /Patient?identifier=…',
    ratio: 0.25,
    path: (n) => `/Patient?identifier=http://example.org/fhir/sid/mrn|mrn-${n}`,
  }),
  row({
    ...search,
    name: 'GET /Patient?name=…&_count=10',
    ratio: 0.12,
    path: (n) => `/Patient?name=${encodeURIComponent(familyOf(n))}&_count=10`,
  }),
];
