import type { Stored } from '../stored.ts';

/** Returns the name under which a Client is shown to people. */
export function clientName({ id, resource }: Stored): string {
  return typeof resource['name'] === 'string' ? resource['name'] : id;
}
