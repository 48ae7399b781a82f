import type { Engine } from '../resources/engine.ts';
import { LONGEST_WAIT, tooMany } from '../resources/pace/bounded-queue.ts';
import { inTime } from '../resources/pace/in-time.ts';

/** A pending look-up that is shared by all requests that need its result. */
export class LookUp<Found> {
  readonly #found: Promise<Found>;
  #isOver = false;

  /** @param failed called if the look-up fails, so that no further request shares it */
  constructor(found: Promise<Found>, failed: () => void) {
    this.#found = found;
    const over = () => {
      this.#isOver = true;
    };
    found.then(over, failed);
  }

  /** Resolves or rejects like the look-up. Rejects with a `busy` Failure after `LONGEST_WAIT`. */
  wait(): Promise<Found> {
    return this.#isOver ? this.#found : inTime(this.#found, LONGEST_WAIT, () => tooMany('reads'));
  }
}

/** The part of the engine that `keptWhileUnchanged` needs. */
export type ChangingEngine = Pick<Engine, 'exclusive' | 'accessGeneration' | 'onCommit'>;

/** Caches what `make` builds from all resources of a type, and rebuilds it when one of them may have changed. */
export function keptWhileUnchanged<Made>(
  engine: ChangingEngine,
  type: string,
  make: () => Promise<Made>,
): () => Promise<Made> {
  let changes = 0;
  let kept: { state: number; made: LookUp<Made> } | undefined;

  engine.onCommit((committed) => {
    if (committed.some((change) => change.type === type)) changes += 1;
  });

  return async () => {
    // Read before the resources: if it changes while they are read, the next request reads them again.
    const state = engine.exclusive ? changes : await engine.accessGeneration();
    if (kept?.state === state) return kept.made.wait();
    const made = new LookUp(make(), () => {
      if (kept?.made === made) kept = undefined;
    });
    kept = { state, made };
    return made.wait();
  };
}
