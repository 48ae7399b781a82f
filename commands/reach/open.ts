import type { Config } from '../../server/config.ts';
import { LockedError } from '../../server/database/lock.ts';
import { Asked } from './http.ts';
import { credentialsOf, reachOverHttp } from './over-http.ts';
import type { Reach } from './reach.ts';

/**
 * Reaches the database of the settings. Where a running server has it, or where an address is given, that server is
 * asked instead: with `WARD_TOKEN`, or as the root client. Throws as opening does; a CommandError with a remedy where
 * there is no credential to show.
 */
export async function reach(config: Config, url: string | undefined): Promise<Reach> {
  if (url !== undefined) return reachOverHttp(url, credentialsOf(config));
  // What asks a server has no use for another in its own process, which takes most of a second to load.
  const { reachDirectly } = await import('./directly.ts');
  try {
    return await reachDirectly(config);
  } catch (error) {
    if (!(error instanceof LockedError)) throw error;
    const served = reachOverHttp(config.baseUrl, credentialsOf(config));
    // Another command may have the file as well, or a server elsewhere: the lock says which process it is.
    if (!(await isServed(config.baseUrl))) throw error;
    return served;
  }
}

/** Whether anything answers at an address. */
async function isServed(address: string): Promise<boolean> {
  const server = new Asked(address);
  try {
    await server.ask('', { method: 'HEAD' });
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}
