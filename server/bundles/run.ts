import type { ResourceDefinition } from '../../resources/definition.ts';
import { Failure } from '../../resources/errors.ts';
import type { InteractionName, Services } from '../interactions/interaction.ts';
import type { BundleEntry } from './entry.ts';
import { inEntry } from './failure.ts';

/** The order in which entries are done, whatever theirs (FHIR R4 §3.1.0.11.2); what only reads comes last. */
const ORDER: readonly (readonly InteractionName[])[] = [['delete'], ['create'], ['update', 'patch']];

/** The entries with their indices, in the groups in which they are done. */
export function inOrder(entries: readonly (BundleEntry | undefined)[]): { entry: BundleEntry; index: number }[][] {
  const groups: { entry: BundleEntry; index: number }[][] = [[], [], [], []];
  for (const [index, entry] of entries.entries()) if (entry) groups[rank(entry)]?.push({ entry, index });
  return groups;
}

/** True for an entry that writes. */
export function isWrite(entry: BundleEntry): boolean {
  return rank(entry) < ORDER.length;
}

function rank({ interaction }: BundleEntry): number {
  const found = ORDER.findIndex((names) => names.includes(interaction.name));
  return found === -1 ? ORDER.length : found;
}

/**
 * Judges an entry as the request it stands for, and notes what its caller may see. Rejects with a Denial, and
 * `unknown-type`, both naming the entry.
 */
export async function admit(entry: BundleEntry, { judge, registry }: Services): Promise<ResourceDefinition> {
  const { interaction, request, method, url, place } = entry;
  try {
    request.rows = await judge.require(interaction.name, { ...request, method, url });
    const definition = registry.get(request.type);
    if (definition) return definition;
    throw new Failure('unknown-type', `${request.type} is not a resource type of this server.`);
  } catch (error) {
    throw inEntry(error, place, request.type);
  }
}
