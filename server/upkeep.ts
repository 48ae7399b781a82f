import type { Chore } from '../auth/chore.ts';
import { type Clock, isWithin } from '../resources/clock.ts';

export interface UpkeepOptions {
  clock: Clock;
  /** How often it is looked whether a chore is due, in milliseconds. */
  look: number;
  /** Told of a chore that failed; it is tried again when it is next due. */
  report(problem: string): void;
}

/**
 * Does chores when they are due by the server's clock, each by itself and never beside itself. `stop` cuts short those
 * under way and does those that hold something in memory a last time.
 */
export function startUpkeep(
  chores: readonly Chore[],
  { clock, look, report }: UpkeepOptions,
): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const underWay = new Map<Chore, Promise<void>>();
  // Since when each waits, and how long: where the clock is set back meanwhile, nothing waits until it has caught up.
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
