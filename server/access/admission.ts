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
 * Does what a request asks for, once it is admitted, and judges it anew where the resource has changed since policies
 * looked at it: what they permit of one version they may not of the next. Rejects as both do.
 */
export async function whileAdmitted(
  request: InteractionRequest,
  admitted: () => Promise<void>,
  work: () => Promise<Result>,
): Promise<Result> {
  for (;;) {
    await admitted();
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof StaleJudgement)) throw error;
    }
    // It waits anew, since the queue moves.
    request.since = undefined;
  }
}

/**
 * Judges a request, whether it came by itself or in a Bundle, and notes whose it is and what its caller may see. One
 * about several types is judged for each as the caller's own request for that type: types that it may not ask for are
 * left out. One about all that is in a compartment is that of whoever may read what the compartment is of.
 * Rejects with a Denial, for all types where it may ask for none, with `unknown-type`, with `not-found` where there is
 * no such compartment, and with `malformed` where what was sent is of another type.
 */
export async function admit(
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
  // Policies may look at all of the body.
  await request.goOn?.();
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
 * The line of a request without the criteria that stand beside an id: they bound nothing, and no policy is to take them
 * for what the request is about.
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

/** What the caller may see of what a compartment is of, as its own read of that would show it. */
function ownerPermission({ of: type, id }: Compartment, asked: Asked, judge: Judge): Promise<Permission> {
  const read = { type, id, body: {}, patch: undefined };
  return judge.require('read', read, { ...asked, method: 'GET', url: `/${type}/${id}` });
}

/** What the caller may see of each type, where it may ask for it. */
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
