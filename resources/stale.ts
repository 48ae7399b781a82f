import type { WriteOptions } from './engine.ts';

/** Thrown inside a job when what a write was prepared from has changed meanwhile: prepare it again. */
export class StaleWrite extends Error {}

/** Thrown where a resource is not any more what its caller was judged by: it is to be judged anew. */
export class StaleJudgement extends Error {}

/**
 * Makes a write again where another came between its preparation and its turn in the queue: it then waits anew, since
 * the queue moves. A conditional write is left to whoever chose its resource: that choice has to be made again, too.
 */
export async function untilFresh<Result>(
  options: WriteOptions,
  write: (options: WriteOptions) => Promise<Result>,
): Promise<Result> {
  for (let attempt = options; ; attempt = { ...options, since: undefined }) {
    try {
      return await write(attempt);
    } catch (error) {
      if (!(error instanceof StaleWrite) || options.condition) throw error;
    }
  }
}
