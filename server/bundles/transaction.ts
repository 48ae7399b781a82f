import type { Engine, JobInteractions } from '../../resources/engine.ts';
import { Failure } from '../../resources/errors.ts';
import type { JsonObject } from '../../resources/json/value.ts';
import { type ReplaceLink, replaceLinks } from '../../resources/links.ts';
import type { Registry } from '../../resources/registry.ts';
import { asksForOthers } from '../../resources/search/satisfying.ts';
import { StaleJudgement } from '../../resources/stale.ts';
import { Dependent, StalePlan, untilPlanHolds } from '../../resources/together.ts';
import type { Result, Services } from '../interactions/interaction.ts';
import type { BundleEntry } from './entry.ts';
import { inEntry, together } from './failure.ts';
import { mergedBy } from './patch.ts';
import { foreseenOf, holdPlan, type Lookup, type Plan, planOf } from './plan.ts';
import { entryAnswer } from './response.ts';
import type { AnswerRoom } from './room.ts';
import { admitEntry, inOrder, isWrite } from './run.ts';

/** Each is a search of its own while all other writes wait: more are none of a transaction that writes. */
const MOST_PAGES = 100;

/**
 * Does all entries of a transaction in one job of the write queue, or none. What they are about is found, links are
 * resolved, every entry is judged and every body prepared before the queue; what was found is looked at again in it.
 * One that only reads needs no such job. Gives the text of the answer to each. Rejects with `business-rule` for what
 * would hold the queue for long.
 */
export function transact(
  entries: readonly BundleEntry[],
  services: Services & { engine: Engine },
  newRoom: () => AnswerRoom,
): Promise<string[]> {
  refuseLong(entries);
  return untilPlanHolds(async () => {
    const plan = await planOf(entries, services);
    const resolved: BundleEntry[] = [];
    for (const entry of entries) {
      await entry.request.goOn?.();
      resolved.push(withLinks(entry, plan, services.registry));
    }
    for (const entry of resolved) await admitEntry(entry, services);
    if (!resolved.some(isWrite)) return reading(resolved, services, newRoom());
    return services.engine.together(
      (interactions) => rehearse(resolved, plan, { ...services, engine: interactions }),
      async (job) => {
        await holdPlan(plan, job);
        const { answers, found } = await perform(resolved, plan, { ...services, engine: job }, newRoom());
        await checkConditions(resolved, plan, found, job);
        return answers;
      },
      foreseenOf(resolved, plan),
    );
  });
}

/** Throws `business-rule` for what would keep others from writing for long. */
function refuseLong(entries: readonly BundleEntry[]): void {
  const writes = entries.some(isWrite);
  let pages = 0;
  for (const { interaction, place } of entries) {
    // It is a search of each type.
    if (interaction.name === 'everything') {
      const message = '$everything has no place in a transaction: ask for it by itself, or in a batch.';
      throw new Failure('business-rule', message, { expression: place });
    }
    if (interaction.name === 'search' || interaction.name === 'history') pages += 1;
    if (!writes || pages <= MOST_PAGES) continue;
    const message = `A transaction that writes has at most ${MOST_PAGES} searches and histories: use a batch.`;
    throw new Failure('business-rule', message, { expression: place });
  }
}

/** Answers entries that only read; the first that fails is the answer to all. */
async function reading(entries: readonly BundleEntry[], services: Services, room: AnswerRoom): Promise<string[]> {
  const answers: string[] = [];
  for (const entry of entries) answers.push(answered(entry, await handle(entry, services), room));
  return answers;
}

/** The text of the answer to an entry. Throws `too-large` where there is no room for it. */
function answered(entry: BundleEntry, result: Result, room: AnswerRoom): string {
  const answer = entryAnswer(entry, result);
  if (room.take(answer)) return answer;
  throw inEntry(room.overflow(), entry.place);
}

/** Prepares what is written. Throws with the issues of all bodies that are not valid. */
async function rehearse(entries: readonly BundleEntry[], { ids }: Plan, services: Services): Promise<void> {
  const failures: Failure[] = [];
  for (const [index, entry] of entries.entries()) {
    if (!isWrite(entry)) continue;
    try {
      const { version } = await handle(entry, services);
      // Criteria may find another by now, which the plan does not name, and would no more in the job: nothing is ready.
      if (version && version.id !== ids[index]) throw new StalePlan();
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      failures.push(error);
    }
  }
  const failure = together(failures);
  if (failure) throw failure;
}

/** Does the entries, and tells which of those with criteria that look beyond their match still found it right after. */
async function perform(
  entries: readonly BundleEntry[],
  { ids, conditions }: Plan,
  services: Services & { engine: JobInteractions },
  room: AnswerRoom,
): Promise<{ answers: string[]; found: Set<number> }> {
  const answers: string[] = [];
  const found = new Set<number>();
  for (const { entry, index } of inOrder(entries).flat()) {
    const lookup = conditions[index];
    const result = await handle(ownOf(entry, services.engine), services).catch(async (error: unknown) => {
      throw findsOthers(error) ? await blame(entry, lookup, services.engine) : error;
    });
    if (isWrite(entry) && result.version && result.version.id !== ids[index]) {
      throw await blame(entry, lookup, services.engine);
    }
    answers[index] = answered(entry, result, room);
    // Nobody else writes a match: it is lost to others only through what they write beside it.
    if (lookup?.found === undefined || !asksForOthers(lookup.condition.criteria)) continue;
    if ((await matchesOf(entry, lookup, services.engine)).includes(lookup.found)) found.add(index);
  }
  return { answers, found };
}

/** True where what an entry is about is another in its turn: its criteria find several, or one that is not ready. */
function findsOthers(error: unknown): boolean {
  return error instanceof Failure && (error.code === 'multiple-matches' || error.cause instanceof Dependent);
}

/**
 * Why criteria find in their turn what they did not at the start of the job. Where they speak of a resource alone and
 * the job has not written it, another node has just then, whatever types the job holds: a plain create asks for none.
 */
async function blame(entry: BundleEntry, lookup: Lookup | undefined, job: JobInteractions): Promise<unknown> {
  if (lookup && !asksForOthers(lookup.condition.criteria)) {
    const { type } = lookup.condition;
    const matches = await matchesOf(entry, lookup, job);
    if (matches.some((id) => id !== lookup.found && !job.hasChanged(type, id))) return new StalePlan();
  }
  return inEntry(new Dependent(), entry.place);
}

/**
 * What was to be there once must not have been made twice by the Bundle itself, nor what criteria found have been lost
 * to them by another entry.
 */
async function checkConditions(
  entries: readonly BundleEntry[],
  { conditions, ids }: Plan,
  found: ReadonlySet<number>,
  job: JobInteractions,
): Promise<void> {
  for (const [index, entry] of entries.entries()) {
    const lookup = conditions[index];
    const isMade = entry.interaction.name === 'create' || entry.interaction.name === 'update';
    if (!lookup || !(isMade || found.has(index))) continue;
    const matches = await matchesOf(entry, lookup, job);
    const isLost = found.has(index) && !matches.some((id) => id === lookup.found);
    if (isLost || (isMade && matches.some((id) => id !== ids[index]))) throw await blame(entry, lookup, job);
  }
}

async function matchesOf({ place }: BundleEntry, { condition }: Lookup, job: JobInteractions): Promise<string[]> {
  try {
    return (await job.search(condition)).matches.map(({ id }) => id);
  } catch (error) {
    throw inEntry(error, place);
  }
}

/** The entry; one that looks at what the job has written is not judged by that, which is the caller's own. */
function ownOf(entry: BundleEntry, job: JobInteractions): BundleEntry {
  const { type, id } = entry.request;
  if (isWrite(entry) || !job.hasChanged(type, id)) return entry;
  return { ...entry, request: { ...entry.request, judgedBy: undefined } };
}

/** Rejects with StalePlan where others have changed what policies have looked at. */
async function handle(entry: BundleEntry, services: Services): Promise<Result> {
  const { interaction, request, place } = entry;
  try {
    return await interaction.handle(request, services);
  } catch (error) {
    throw error instanceof StaleJudgement ? new StalePlan() : inEntry(error, place, request.type);
  }
}

/** The entry with its links resolved: those to fullUrls of the Bundle, and conditional references. */
function withLinks(entry: BundleEntry, { links, references }: Plan, registry: Registry): BundleEntry {
  const { request, fullUrl } = entry;
  if (links.size + references.size === 0) return entry;
  const root = /^(https?:\/\/.+\/)[A-Z][A-Za-z]*\/[^/]+$/.exec(fullUrl ?? '')?.[1];
  const replace: ReplaceLink = (text, kind) => {
    // By its web address a uri names a value set, a system or an extension, which goes on to be called so.
    if (kind === 'uri') return text.startsWith('urn:') ? links.get(text) : undefined;
    if (kind === 'address') return links.get(text);
    // A relative reference is one to the base of the fullUrl of the resource that it is in.
    return links.get(text) ?? references.get(text) ?? (root === undefined ? undefined : links.get(root + text));
  };
  const linked = (content: JsonObject) => replaceLinks(registry, request.type, content, replace);
  const merged = mergedBy(request);
  const patch = merged ? { kind: 'merge-patch' as const, value: linked(merged) } : request.patch;
  return { ...entry, request: { ...request, body: linked(request.body), patch } };
}
