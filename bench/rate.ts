/** One measurement of a rate: load on a server, made by a process of its own. */
import { startChild } from './children.ts';
import type { Load, LoadResult } from './load.ts';

/** Answers a second of a load; throws where one was refused, since a refusal is cheaper than an answer. */
export async function rateOf(load: Load): Promise<LoadResult> {
  const child = startChild<Load, LoadResult>('load');
  try {
    const result = await child.ask(load);
    if (result.failures > 0) throw new Error(`${result.failures} of ${result.total} requests failed at ${load.url}`);
    return result;
  } finally {
    await child.stop();
  }
}
