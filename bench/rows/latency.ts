/** Latency at half of the server's maximum rate, with reads, searches and writes mixed. */
import { startChild } from '../children.ts';
import { rateOf } from '../rate.ts';
import type { Context, Row, Sides } from '../row.ts';
import type { SteadyLoad, Waits } from '../steady.ts';
import { mixedRequests } from './mixed.ts';

/** Measures at half of the rate that the server reaches, with enough writes for several checkpoints of the WAL. */
async function steadily(context: Context, name: string): Promise<Waits[]> {
  const { url, authorization } = await context.filled();
  const headers = { authorization, 'content-type': 'application/fhir+json' };
  const lists = mixedRequests(context);
  const { rate } = await rateOf({ url, connections: lists.length, seconds: context.seconds, headers, lists });
  const load = startChild<SteadyLoad, Waits>('steady');
  try {
    const waits: Waits[] = [];
    await load.ask({ url, seconds: 1, headers, rate: rate / 2, lists });
    for (let round = 1; round <= context.rounds; round += 1) {
      context.say(`${name}: round ${round} of ${context.rounds}`);
      waits.push(await load.ask({ url, seconds: context.seconds, headers, rate: rate / 2, lists }));
    }
    return waits;
  } finally {
    await load.stop();
  }
}

function row(name: string, target: Row['target'], ours: (waits: Waits) => number): Row {
  const measure = async (context: Context): Promise<Sides> => {
    const waits = await steadily(context, name);
    return { floor: waits.map(({ p50 }) => p50), ours: waits.map(ours) };
  };
  return { name, part: 'latency', floor: 'p50 under the same load', unit: 'ms', target, measure };
}

export const latency: readonly Row[] = [
  row('p99 under half of the mixed load', { mostRatio: 10 }, ({ p99 }) => p99),
  row('longest wait under it, checkpoints running', { most: 100 }, ({ longest }) => longest),
];
