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
  /** The Client as it is now; undefined where there is none. */
  find(id: string): Promise<KnownClient | undefined>;
}

const MOST_REMEMBERED = 10_000;

/**
 * Remembers Clients for as long as nothing changes that governs access. It is asked for those that have proven who they
 * are: what anybody may ask for is read each time, so that what is remembered tells nobody which Clients there are.
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
      // It is read before what it stands for: if it moves meanwhile, what is remembered is already outdated.
      const generation = await engine.accessGeneration();
      const remembered = memory.get(id);
      if (remembered?.generation === generation) return remembered.known.wait();
      // Whoever asks meanwhile shares the look-up: a crowd would else wait for as many, one after the other.
      const known = new LookUp(read(id), () => {
        if (memory.get(id)?.known === known) memory.delete(id);
      });
      remember(memory, id, { known, generation }, MOST_REMEMBERED);
      return known.wait();
    },
  };
}
