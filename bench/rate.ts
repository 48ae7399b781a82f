/** A single measurement of a rate, with the load generator in its own process. */
import { startChild } from './children.ts';
import type { Load, LoadResult } from './load.ts';

/** Runs a load and returns its results. Throws if a request failed, since an error is cheaper than a real response. */
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
