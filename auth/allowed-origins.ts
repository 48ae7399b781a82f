import type { Engine } from '../resources/engine.ts';
import { strings } from './settings.ts';
import { isUsable, storedOf } from './stored.ts';

/** The origins of browser apps that active Clients have registered (`Client.allowed_origins`). */
export interface AllowedOrigins {
  /** True where an active Client lists this origin, character by character, as it is now. */
  has(origin: string): Promise<boolean>;
}

/** What it needs of the engine. */
export type OriginsEngine = Pick<Engine, 'every' | 'exclusive' | 'accessGeneration' | 'onCommit'>;

/** Keeps the origins of all Clients in memory, and reads them again when a Client may have changed. */
export function createAllowedOrigins(engine: OriginsEngine): AllowedOrigins {
  let changes = 0;
  let known: { state: number; origins: Promise<ReadonlySet<string>> } | undefined;

  engine.onCommit((committed) => {
    if (committed.some(({ type }) => type === 'Client')) changes += 1;
  });

  async function load(): Promise<ReadonlySet<string>> {
    const origins = new Set<string>();
    for await (const page of engine.every('Client')) {
      for (const { resource } of page.map(storedOf).filter((each) => each !== undefined)) {
        if (isUsable(resource)) for (const origin of strings(resource['allowed_origins'])) origins.add(origin);
      }
    }
    return origins;
  }

  return {
    async has(origin) {
      // Read before the Clients: if it moves while they are read, they are read again for the next request.
      const state = engine.exclusive ? changes : await engine.accessGeneration();
      if (known?.state !== state) {
        const origins = load();
        known = { state, origins };
        origins.catch(() => {
          if (known?.origins === origins) known = undefined;
        });
      }
      return (await known.origins).has(origin);
    },
  };
}
