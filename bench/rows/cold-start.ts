import { mkdtemp } from 'node:fs/promises';
import path from 'node:path';
import { startOurs } from '../children.ts';
import { alternate, type Context, type Row, type Sides } from '../row.ts';

/** Milliseconds from the start of `node` on an empty database to the first response. */
async function ours(context: Context): Promise<number> {
  const folder = await mkdtemp(path.join(context.folder, 'cold-'));
  const began = performance.now();
  const server = await startOurs({ folder, profile: undefined }, `sqlite:${path.join(folder, 'ward.db')}`);
  const answer = await fetch(`${server.url}/health`);
  const took = performance.now() - began;
  await server.stop();
  if (!answer.ok) throw new Error(`the first answer was ${answer.status}`);
  return took;
}

/** The time for Node to start and exit. */
async function floor(): Promise<number> {
  const { spawn } = await import('node:child_process');
  const began = performance.now();
  const child = spawn(process.execPath, ['-e', '0'], { stdio: 'ignore' });
  await new Promise((resolve) => child.once('exit', resolve));
  return performance.now() - began;
}

async function measure(context: Context): Promise<Sides> {
  return alternate({ ...context, rounds: Math.max(5, context.rounds) }, coldStart.name, {
    floor,
    ours: () => ours(context),
  });
}

export const coldStart: Row = {
  name: 'cold start on an empty database',
  part: 'start',
  floor: 'node -e 0',
  unit: 'ms',
  target: { most: 1000 },
  measure,
};
