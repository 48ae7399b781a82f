import { authorize } from '../access/authorization.ts';
import type { InteractionName, Services } from '../interactions/interaction.ts';
import type { BundleEntry } from './entry.ts';
import { inEntry } from './failure.ts';

/** The order in which entries run, whatever their order in the Bundle (FHIR R4 §3.1.0.11.2); reads come last. */
const ORDER: readonly (readonly InteractionName[])[] = [['delete'], ['create'], ['update', 'patch']];

/** Groups entries, with their indices, by the order in which they run. */
export function inOrder(entries: readonly (BundleEntry | undefined)[]): { entry: BundleEntry; index: number }[][] {
  const groups: { entry: BundleEntry; index: number }[][] = [[], [], [], []];
  for (const [index, entry] of entries.entries()) if (entry) groups[rank(entry)]?.push({ entry, index });
  return groups;
}

/** Returns true if an entry writes. */
export function isWrite(entry: BundleEntry): boolean {
  return rank(entry) < ORDER.length;
}

function rank({ interaction }: BundleEntry): number {
  const found = ORDER.findIndex((names) => names.includes(interaction.name));
  return found === -1 ? ORDER.length : found;
}

/** Judges an entry like a single request. Rejects as `authorize` does, and names the entry. */
export async function authorizeEntry(entry: BundleEntry, services: Services): Promise<void> {
  const { interaction, request, place } = entry;
  try {
    await authorize(interaction, request, entry, services);
  } catch (error) {
    throw inEntry(error, place, request.type);
  }
}
