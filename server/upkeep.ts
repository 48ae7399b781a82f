import type { Chore } from '../auth/chore.ts';
import type { Clock } from '../resources/clock.ts';

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
  const due = new Map(chores.map((chore) => [chore, clock() + (chore.firstSeconds ?? chore.seconds) * 1000]));

  async function attempt(chore: Chore): Promise<void> {
    due.set(chore, clock() + chore.seconds * 1000);
    try {
      await chore.run(stopping.signal);
    } catch (error) {
      report(`${chore.name} failed: ${error instanceof Error ? error.message : String(error)}`);
    }
    underWay.delete(chore);
  }

  const looking = setInterval(() => {
    for (const [chore, at] of due) {
      if (clock() >= at && !underWay.has(chore)) underWay.set(chore, attempt(chore));
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
