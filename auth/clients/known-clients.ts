import type { Engine } from '../../resources/engine.ts';
import { remember } from '../../resources/remember.ts';
import { LookUp } from '../look-up.ts';
import { findStored, type Stored } from '../stored.ts';

/** A Client with the hashes of its secrets. */
export interface KnownClient {
  client: Stored;
  secrets: readonly string[];
}

export interface KnownClients {
  /** Returns the Client as it is now; undefined if there is none. */
  find(id: string): Promise<KnownClient | undefined>;
}

const MOST_REMEMBERED = 10_000;

/**
 * Caches Clients until anything that governs access changes. Only used for Clients that have proven a secret: others
 * are read each time, so that timing does not reveal which Clients exist.
 */
export function createKnownClients(engine: Pick<Engine, 'find' | 'credentials' | 'accessGeneration'>): KnownClients {
  const memory = new Map<string, { known: LookUp<KnownClient | undefined>; generation: number }>();

  async function read(id: string): Promise<KnownClient | undefined> {
    const client = await findStored(engine, 'Client', id);
    if (!client) return undefined;
    const held = await engine.credentials.of(client.key, 'secret');
    return { client, secrets: held.map(({ hash }) => hash) };
  }

  return {
    async find(id) {
      // Read first: if it changes during the read below, the cached entry is already outdated.
      const generation = await engine.accessGeneration();
      const remembered = memory.get(id);
      if (remembered?.generation === generation) return remembered.known.wait();
      // Concurrent callers share the look-up. Otherwise each would wait for a read of its own, one after the other.
      const known = new LookUp(read(id), () => {
        if (memory.get(id)?.known === known) memory.delete(id);
      });
      remember(memory, id, { known, generation }, MOST_REMEMBERED);
      return known.wait();
    },
  };
}
