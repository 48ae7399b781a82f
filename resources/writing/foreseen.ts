import type { WriteOptions } from '../engine.ts';
import type { Address } from '../storage/known.ts';

/**
 * What a job is going to ask for, known before its turn: a group of jobs has all of it at once, and where other nodes
 * write too, in one order on all of them, so that none waits for another that waits for it.
 */
export interface Foreseen {
  /** Resources that it surely looks at. */
  looksAt?: readonly Address[];
  /** Types that it surely holds. */
  holds?: readonly string[];
}

/** What a write foresees: the resources that it is about, and the type that its condition is decided on. */
export function foreseenOf({ condition }: WriteOptions, looksAt: readonly Address[]): Foreseen {
  return { looksAt, holds: condition ? [condition.plan.type] : [] };
}
