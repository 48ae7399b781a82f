import path from 'node:path';
import { startChild, startOurs } from '../children.ts';
import { fill, uniformReads } from '../dataset.ts';
import type { KoaFloor } from '../floors/koa.ts';
import { patient, patientId } from '../patient.ts';
import { rateOf } from '../rate.ts';
import { alternate, type Context, type Row, type Sides } from '../row.ts';

const CONNECTIONS = 32;

async function measure(context: Context): Promise<Sides> {
  const server = await startOurs(context, `sqlite:${path.join(context.folder, 'read.db')}`);
  const floor = startChild<KoaFloor, { url: string }>('koa');
  try {
    const { url, authorization } = await fill(context, server);
    const sample = await fetch(`${url}/Patient/${patientId(0)}`, { headers: { authorization } });
    const contentType = sample.headers.get('content-type') ?? '';
    const body = sample.ok ? await sample.text() : JSON.stringify(patient(0));
    const bare = await floor.ask({ path: '/Patient/:id', contentType, body });
    const lists = uniformReads(context, CONNECTIONS);
    const load = { connections: CONNECTIONS, headers: { authorization }, lists };
    // One second first, so that neither side is measured while it is still being compiled.
    for (const warm of [bare.url, url]) await rateOf({ ...load, url: warm, seconds: 1 });
    return await alternate(context, authenticatedRead.name, {
      floor: async () => (await rateOf({ ...load, url: bare.url, seconds: context.seconds })).rate,
      ours: async () => (await rateOf({ ...load, url, seconds: context.seconds })).rate,
    });
  } finally {
    await floor.stop();
    await server.stop();
  }
}

export const authenticatedRead: Row = {
  name: 'GET /Patient/{id}, opaque token, linked policy',
  part: 'reads',
  floor: 'bare koa + router, same bytes',
  unit: 'req/s',
  target: { ratio: 0.5 },
  measure,
};
