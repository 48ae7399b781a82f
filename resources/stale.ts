import type { WriteOptions } from './engine.ts';

/** Thrown inside a job if what a write was prepared from has changed: prepare it again. */
export class StaleWrite extends Error {}

/** Thrown if the version that the caller was judged by is no longer current: judge again. */
export class StaleJudgement extends Error {}

/**
 * Repeats a write while other writes come between its preparation and its job. Each repetition starts a new wait, since
 * the queue is moving. A conditional write is not repeated here: its resource has to be chosen again, too.
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
