import { Denial } from '../auth/errors.ts';
import { Failure } from '../resources/errors.ts';
import type { Registry } from '../resources/registry.ts';
import type { Criterion } from '../resources/search/plan.ts';
import type { Asked, Judge } from './guard.ts';
import { checkBodyType } from './interactions/address.ts';
import type { Interaction, InteractionRequest, Services } from './interactions/interaction.ts';

/**
 * Judges a request, whether it came by itself or in a Bundle, and notes whose it is and what its caller may see. One
 * about all types is judged for each as the caller's own request for that type: types that it may not ask for are left
 * out.
 * Rejects with a Denial, for all types where it may ask for none, with `unknown-type`, and with `malformed` where what
 * was sent is of another type.
 */
export async function admit(
  interaction: Interaction,
  request: InteractionRequest,
  asked: Asked,
  { judge, registry }: Pick<Services, 'judge' | 'registry'>,
): Promise<void> {
  const { name, everyType } = interaction;
  if (everyType) {
    request.types = visibleTypes(judge, registry);
    return;
  }
  const isKnown = registry.get(request.type) !== undefined;
  if (isKnown) checkBodyType(interaction, request);
  // Policies may look at all of the body.
  await request.goOn?.();
  request.rows = await judge.require(name, request, request.patient === undefined ? asked : ofType(asked));
  request.asker = judge.asker;
  if (!isKnown) {
    throw new Failure('unknown-type', `${request.type} is not a resource type of this server.`);
  }
}

/**
 * A search of a compartment as policies see it, which is the search of the type: one that permits what lies under an
 * address of a Patient speaks of that Patient, and not of other records.
 */
function ofType({ method, url }: Asked): Asked {
  return { method, url: url.replace(/^\/Patient\/[^/]*/, '') };
}

function visibleTypes(judge: Judge, registry: Registry): Map<string, Criterion[]> {
  const types = new Map<string, Criterion[]>();
  let denial: unknown;
  for (const type of registry.names()) {
    try {
      types.set(type, judge.rows(type, 'history'));
    } catch (error) {
      if (!(error instanceof Denial)) throw error;
      denial ??= error;
    }
  }
  if (types.size === 0) throw denial;
  return types;
}
