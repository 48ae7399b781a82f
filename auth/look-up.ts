import type { Engine } from '../resources/engine.ts';
import { inTime } from '../resources/pace/in-time.ts';
import { LONGEST_WAIT, tooMany } from '../resources/pace/waiting-line.ts';

/** A look-up that all share who need what it finds. */
export class LookUp<Found> {
  readonly #found: Promise<Found>;
  #isOver = false;

  /** @param failed called where it fails, so that nobody shares it any more */
  constructor(found: Promise<Found>, failed: () => void) {
    this.#found = found;
    const over = () => {
      this.#isOver = true;
    };
    found.then(over, failed);
  }

  /** What it finds. Rejects as it does, and with a `busy` Failure whoever has waited for as long as for any turn. */
  wait(): Promise<Found> {
    return this.#isOver ? this.#found : inTime(this.#found, LONGEST_WAIT, () => tooMany('reads'));
  }
}

/** What it needs of the engine. */
export type ChangingEngine = Pick<Engine, 'exclusive' | 'accessGeneration' | 'onCommit'>;

/** Keeps what was made of all resources of a type, and has it made anew when one of them may have changed. */
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
    // Read before the resources: if it moves while they are read, they are read again for the next request.
    const state = engine.exclusive ? changes : await engine.accessGeneration();
    if (kept?.state === state) return kept.made.wait();
    const made = new LookUp(make(), () => {
      if (kept?.made === made) kept = undefined;
    });
    kept = { state, made };
    return made.wait();
  };
}
