import { Failure } from '../../resources/errors.ts';
import type { Result, Services } from '../interactions/interaction.ts';
import { asFailure } from '../respond.ts';
import type { BundleEntry } from './entry.ts';
import { admitEntry, inOrder } from './run.ts';

/** Entries that are done at the same time, so that their writes share a commit. */
const AT_ONCE = 32;

/**
 * Does the entries of a batch, each as the request it stands for and whatever becomes of the others. An entry that
 * could not be read is its own failure already.
 */
export async function batch(
  entries: readonly (BundleEntry | Failure)[],
  services: Services,
): Promise<(Result | Failure)[]> {
  const outcomes: (Result | Failure)[] = entries.map((entry) =>
    entry instanceof Failure ? entry : new Failure('internal', 'The entry was not done.'),
  );
  const readable = entries.map((entry) => (entry instanceof Failure ? undefined : entry));
  for (const group of inOrder(readable)) {
    for (let from = 0; from < group.length; from += AT_ONCE) {
      const together = group.slice(from, from + AT_ONCE).map(async ({ entry, index }) => {
        outcomes[index] = await done(entry, services);
      });
      await Promise.all(together);
    }
  }
  return outcomes;
}

async function done(entry: BundleEntry, services: Services): Promise<Result | Failure> {
  try {
    await admitEntry(entry, services);
    return await entry.interaction.handle(entry.request, services);
  } catch (error) {
    return asFailure(error);
  }
}
