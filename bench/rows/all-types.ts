import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import path from 'node:path';
import { memoryOf, ROOT_SECRET, startOurs } from '../children.ts';
import { alternate, type Context, type Row, type Sides } from '../row.ts';

/** Measures memory after every type has been validated and searched once, so that all types are compiled. */
async function ours(context: Context): Promise<number> {
  const folder = await mkdtemp(path.join(context.folder, 'types-'));
  const server = await startOurs({ folder, profile: undefined }, `sqlite:${path.join(folder, 'ward.db')}`);
  const Authorization = `Basic ${Buffer.from(`root:${ROOT_SECRET}`).toString('base64')}`;
  const ask = async (address: string, init?: RequestInit): Promise<string> => {
    const answer = await fetch(server.url + address, { ...init, headers: { Authorization, ...init?.headers } });
    if (!answer.ok) throw new Error(`${address} answered ${answer.status}`);
    return answer.text();
  };
  const told = JSON.parse(await ask('/metadata')) as { rest: { resource: { type: string }[] }[] };
  for (const { type } of told.rest[0]?.resource ?? []) {
    const headers = { 'Content-Type': 'application/json' };
    await ask(`/${type}/$validate`, { method: 'POST', headers, body: JSON.stringify({ resourceType: type }) });
    await ask(`/${type}?_sort=_lastUpdated`);
  }
  const memory = memoryOf(server.pid);
  await server.stop();
  return memory;
}

/** The memory of an idle Node process. */
async function floor(): Promise<number> {
  const child = spawn(process.execPath, ['-e', 'console.log(1); setInterval(() => 0, 1000)']);
  await once(child.stdout, 'data');
  const memory = memoryOf(child.pid ?? 0);
  child.kill();
  return memory;
}

async function measure(context: Context): Promise<Sides> {
  return alternate(context, allTypes.name, { floor, ours: () => ours(context) });
}

export const allTypes: Row = {
  name: 'memory with every type compiled',
  part: 'memory',
  floor: 'node -e idle',
  unit: 'MiB',
  target: { most: 150 },
  measure,
};
