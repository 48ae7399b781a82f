import type { Chore } from '../auth/chore.ts';
import { type Clock, isWithin } from '../resources/clock.ts';

export interface UpkeepOptions {
  clock: Clock;
  /** Milliseconds between two checks whether a chore is due. */
  look: number;
  /** Called when a chore fails; it runs again when it is next due. */
  report(problem: string): void;
}

/**
 * Runs each chore when it is due by the server's clock, never two runs of one chore at the same time. `stop` aborts the
 * running ones, and runs those that hold data in memory once more.
 */
export function startUpkeep(
  chores: readonly Chore[],
  { clock, look, report }: UpkeepOptions,
): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const underWay = new Map<Chore, Promise<void>>();
  // When each chore's wait began, and its length. If the clock is set back, no chore waits for it to catch up.
  const waits = new Map(chores.map((chore) => [chore, wait(chore.firstSeconds ?? chore.seconds)]));

  function wait(seconds: number): { since: number; milliseconds: number } {
    return { since: clock(), milliseconds: seconds * 1000 };
  }

  async function attempt(chore: Chore): Promise<void> {
    waits.set(chore, wait(chore.seconds));
    try {
      await chore.run(stopping.signal);
    } catch (error) {
      report(`${chore.name} failed: ${error instanceof Error ? error.message : String(error)}`);
    }
    underWay.delete(chore);
  }

  const looking = setInterval(() => {
    for (const [chore, { since, milliseconds }] of waits) {
      if (isWithin(clock, since, milliseconds) || underWay.has(chore)) continue;
      underWay.set(chore, attempt(chore));
    }
  }, look);
  looking.unref();

  return {
    async stop() {
      clearInterval(looking);
      stopping.abort();
      await Promise.all(underWay.values());
      for (const chore of chores) if (chore.atStop) await attempt(chore);
    },
  };
}
