import type { WriteOptions } from '../engine.ts';
import type { Address } from '../storage/known-versions.ts';

/**
 * What a job will need, known before it runs. A group gets the needs of all its jobs at once. If other nodes write too,
 * all of them lock in the same order, which prevents deadlocks.
 */
export interface LockSet {
  /** Resources that the job is certain to read. */
  looksAt?: readonly Address[];
  /** Types that the job is certain to lock. */
  holds?: readonly string[];
}

/** Returns what a write will need: its resources, and a lock on the type that its condition searches. */
export function lockSetOf({ condition }: WriteOptions, looksAt: readonly Address[]): LockSet {
  return { looksAt, holds: condition ? [condition.plan.type] : [] };
}
