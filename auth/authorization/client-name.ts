import type { Stored } from '../stored.ts';

/** How people are told of a Client. */
export function clientName({ id, resource }: Stored): string {
  return typeof resource['name'] === 'string' ? resource['name'] : id;
}
