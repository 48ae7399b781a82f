import type { Engine } from '../../resources/engine.ts';
import { type ChangingEngine, keptWhileUnchanged } from '../look-up.ts';
import { strings } from '../settings.ts';
import { isUsable, storedOf } from '../stored.ts';

/** The origins of browser apps that active Clients have registered (`Client.allowed_origins`). */
export interface AllowedOrigins {
  /** Returns true if an active Client currently lists this exact origin. */
  has(origin: string): Promise<boolean>;
}

/** The part of the engine that the origins need. */
export type OriginsEngine = ChangingEngine & Pick<Engine, 'every'>;

/** Caches the origins of all Clients, and reads them again when a Client may have changed. */
export function createAllowedOrigins(engine: OriginsEngine): AllowedOrigins {
  async function load(): Promise<ReadonlySet<string>> {
    const origins = new Set<string>();
    for await (const page of engine.every('Client')) {
      for (const { resource } of page.map(storedOf).filter((each) => each !== undefined)) {
        if (isUsable(resource)) for (const origin of strings(resource['allowed_origins'])) origins.add(origin);
      }
    }
    return origins;
  }

  const known = keptWhileUnchanged(engine, 'Client', load);
  return { has: async (origin) => (await known()).has(origin) };
}
