import { Failure } from '../../resources/errors.ts';
import { InFlight } from '../../resources/pace/in-flight.ts';
import { whileAuthorized } from '../access/authorization.ts';
import { asFailure } from '../http/respond.ts';
import type { Services } from '../interactions/interaction.ts';
import type { BundleEntry } from './entry.ts';
import { IssueLimit, inEntry } from './failure.ts';
import { entryAnswer, givesBody } from './response.ts';
import type { AnswerRoom } from './room.ts';
import { authorizeEntry, inOrder, isWrite } from './run.ts';

/** Entries run concurrently, so that their writes share a commit; those about one resource run in turn. */
const AT_ONCE = 32;

/**
 * Runs the entries of a batch, each like a single request and independent of the others, and returns the text of each
 * response. An unreadable entry is already a Failure.
 */
export async function batch(
  entries: readonly (BundleEntry | Failure)[],
  services: Services,
  room: AnswerRoom,
): Promise<(string | Failure)[]> {
  const outcomes: (string | Failure)[] = entries.map((entry) =>
    entry instanceof Failure ? entry : new Failure('internal', 'The entry was not processed.'),
  );
  const told = new IssueLimit();
  const readable = entries.map((entry) => (entry instanceof Failure ? undefined : entry));
  for (const group of inOrder(readable)) {
    const inFlight = new InFlight(AT_ONCE);
    for (const { entry, index } of group) {
      await inFlight.start(subjectOf(entry) ?? String(index), async () => {
        outcomes[index] = await done(entry, services, { room, told });
      });
    }
    await inFlight.finish();
  }
  return outcomes;
}

/** Returns the resource that an entry changes, as far as its path tells; undefined for a read or a create. */
function subjectOf({ interaction, request: { type, id }, url }: BundleEntry): string | undefined {
  if (interaction.name !== 'update' && interaction.name !== 'patch' && interaction.name !== 'delete') return undefined;
  return id === '' ? url : `${type}/${id}`;
}

/** Shared by the entries of a response. */
interface Answering {
  room: AnswerRoom;
  told: IssueLimit;
}

async function done(entry: BundleEntry, services: Services, { room, told }: Answering): Promise<string | Failure> {
  try {
    const { interaction, request } = entry;
    const authorized = () => authorizeEntry(entry, services);
    const result = await whileAuthorized(request, authorized, async () => {
      if (room.isFull && givesBody(entry)) throw inEntry(room.overflow(), entry.place);
      return interaction.handle(request, services);
    });
    const answer = entryAnswer(entry, result);
    if (room.take(answer)) return answer;
    // A write that was done must be reported: the caller must not take it for failed.
    if (isWrite(entry) || !givesBody(entry)) return entryAnswer(entry, result, 'without its body');
    throw inEntry(room.overflow(), entry.place);
  } catch (error) {
    return told.tell(asFailure(error));
  }
}
