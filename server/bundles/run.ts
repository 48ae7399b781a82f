import { admit } from '../access/admission.ts';
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

/** Judges an entry as the request it stands for. Rejects as `admit` does, naming the entry. */
export async function admitEntry(entry: BundleEntry, services: Services): Promise<void> {
  const { interaction, request, place } = entry;
  try {
    await admit(interaction, request, entry, services);
  } catch (error) {
    throw inEntry(error, place, request.type);
  }
}
