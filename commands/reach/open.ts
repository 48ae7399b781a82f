import type { Config } from '../../server/config.ts';
import { LockedError } from '../../server/database/lock.ts';
import { Asked } from './http.ts';
import { credentialsOf, reachOverHttp } from './over-http.ts';
import type { Reach } from './reach.ts';

/**
 * Opens the database of the settings. If a running server holds it, or `url` is given, uses that server over HTTP
 * instead, with `WARD_TOKEN` or as the root client. Throws like `openWard`, or a CommandError with a remedy if there
 * are no credentials.
 */
export async function reach(config: Config, url: string | undefined): Promise<Reach> {
  if (url !== undefined) return reachOverHttp(url, credentialsOf(config));
  // Loaded only when needed: over HTTP, the server's code would cost most of a second for nothing.
  const { reachDirectly } = await import('./directly.ts');
  try {
    return await reachDirectly(config);
  } catch (error) {
    if (!(error instanceof LockedError)) throw error;
    const served = reachOverHttp(config.baseUrl, credentialsOf(config));
    // The lock may belong to another command, or to a server elsewhere; its error names the process.
    if (!(await isServed(config.baseUrl))) throw error;
    return served;
  }
}

/** Returns true if anything answers at an address. */
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
