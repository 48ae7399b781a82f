import type { WriteOptions } from './engine.ts';

/** Thrown inside a job when what a write was prepared from has changed meanwhile: prepare it again. */
export class StaleWrite extends Error {}

/**
 * Makes a write again where another came between its preparation and its turn in the queue. A conditional write is
 * left to whoever chose its resource: that choice has to be made again, too.
 */
export async function untilFresh<Result>(write: () => Promise<Result>, options?: WriteOptions): Promise<Result> {
  for (;;) {
    try {
      return await write();
    } catch (error) {
      if (!(error instanceof StaleWrite) || options?.condition) throw error;
    }
  }
}
