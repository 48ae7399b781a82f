import { Denial } from '../../auth/errors.ts';
import { Failure } from '../../resources/errors.ts';
import { type Compartment, typesWithin } from '../../resources/search/compartment.ts';
import type { Criterion } from '../../resources/search/plan.ts';
import { StaleJudgement } from '../../resources/stale.ts';
import { checkBodyType } from '../interactions/address.ts';
import { isCriterion } from '../interactions/criteria.ts';
import type { Interaction, InteractionRequest, Result, Services } from '../interactions/interaction.ts';
import type { Asked, Judge, Permission } from './guard.ts';

/**
 * Runs an authorized request, and judges it again if the resource has changed since the policies looked at it, because
 * they may deny the next version. Rejects as `authorized` and `work` do.
 */
export async function whileAuthorized(
  request: InteractionRequest,
  authorized: () => Promise<void>,
  work: () => Promise<Result>,
): Promise<Result> {
  for (;;) {
    await authorized();
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof StaleJudgement)) throw error;
    }
    // Its wait starts anew, since the queue is moving.
    request.since = undefined;
  }
}

/**
 * Judges a request, sent alone or in a Bundle, and records its principal and the rows that the caller may see. A
 * request for several types is judged for each type like a request for that type alone; denied types are left out. A
 * compartment request needs permission to read the owner of the compartment.
 * Rejects with a Denial (for several types, if all are denied), with `unknown-type`, with `not-found` if there is no
 * such compartment, and with `malformed` if the body is of another type.
 */
export async function authorize(
  interaction: Interaction,
  request: InteractionRequest,
  asked: Asked,
  { judge, registry }: Pick<Services, 'judge' | 'registry'>,
): Promise<void> {
  const { name, everyType } = interaction;
  if (everyType) {
    const { compartment } = request;
    if (compartment) note(request, await ownerPermission(compartment, asked, judge));
    const names = compartment ? typesWithin(registry, compartment.of) : registry.names();
    const { types, denial } = visibleTypes(names, everyType, judge);
    if (types.size === 0 && !compartment) throw denial;
    request.types = types;
    return;
  }
  const isKnown = registry.get(request.type) !== undefined;
  if (isKnown) checkBodyType(interaction, request);
  // Policies may look at the whole body.
  await request.yieldTurn?.();
  const line = isKnown ? withoutCriteria(asked, request, registry.searchParameters(request.type)) : asked;
  note(request, await judge.require(name, request, line));
  request.asker = judge.asker;
  request.asked = line;
  if (!isKnown) {
    throw new Failure('unknown-type', `${request.type} is not a resource type of this server.`);
  }
}

function note(request: InteractionRequest, { rows, judgedBy }: Permission): void {
  request.rows = rows;
  request.judgedBy = judgedBy;
}

/**
 * Returns the request line without search criteria next to an id: they restrict nothing, and no policy may mistake them
 * for restrictions of the request.
 */
function withoutCriteria(
  asked: Asked,
  { id, parameters }: Pick<InteractionRequest, 'id' | 'parameters'>,
  codes: Readonly<Record<string, unknown>>,
): Asked {
  if (id === '' || parameters.length === 0) return asked;
  const others = parameters.filter(([name]) => !isCriterion(name, codes));
  if (others.length === parameters.length) return asked;
  const [path = ''] = asked.url.split('?', 1);
  const query = String(new URLSearchParams(others));
  return { ...asked, url: query === '' ? path : `${path}?${query}` };
}

/** Returns the caller's permission to read the owner of a compartment. */
function ownerPermission({ of: type, id }: Compartment, asked: Asked, judge: Judge): Promise<Permission> {
  const read = { type, id, body: {}, patch: undefined };
  return judge.require('read', read, { ...asked, method: 'GET', url: `/${type}/${id}` });
}

/** Returns the rows that the caller may see of each type, for the types that it may ask for. */
function visibleTypes(
  names: readonly string[],
  asked: 'history' | 'search',
  judge: Judge,
): { types: Map<string, Criterion[]>; denial: unknown } {
  const types = new Map<string, Criterion[]>();
  let denial: unknown;
  for (const type of names) {
    try {
      types.set(type, judge.rows(type, asked));
    } catch (error) {
      if (!(error instanceof Denial)) throw error;
      denial ??= error;
    }
  }
  return { types, denial };
}
