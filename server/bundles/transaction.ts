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
import { holdPlan, type Lookup, lockSetOfPlan, type Plan, planOf } from './plan.ts';
import { entryAnswer } from './response.ts';
import type { AnswerRoom } from './room.ts';
import { authorizeEntry, inOrder, isWrite } from './run.ts';

/** Each is a search that blocks all other writes; a transaction that writes needs no more. */
const MOST_PAGES = 100;

/**
 * Runs all entries of a transaction in one job of the write queue, or none, and returns the text of each response.
 * Before the queue, the transaction is planned, links are resolved, every entry is judged and every body is prepared;
 * the job repeats the searches of the plan. A transaction that only reads needs no job. Rejects with `business-rule` if
 * it would block the queue for long.
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
      await entry.request.yieldTurn?.();
      resolved.push(withLinks(entry, plan, services.registry));
    }
    for (const entry of resolved) await authorizeEntry(entry, services);
    if (!resolved.some(isWrite)) return reading(resolved, services, newRoom());
    return services.engine.together(
      (interactions) => rehearse(resolved, plan, { ...services, engine: interactions }),
      async (job) => {
        await holdPlan(plan, job);
        const { answers, found } = await perform(resolved, plan, { ...services, engine: job }, newRoom());
        await checkConditions(resolved, plan, found, job);
        return answers;
      },
      lockSetOfPlan(resolved, plan),
    );
  });
}

/** Throws `business-rule` for a transaction that would block other writes for long. */
function refuseLong(entries: readonly BundleEntry[]): void {
  const writes = entries.some(isWrite);
  let pages = 0;
  for (const { interaction, place } of entries) {
    // It searches every type of the compartment.
    if (interaction.name === 'everything') {
      const message = '$everything is not allowed in a transaction; send it alone or in a batch.';
      throw new Failure('business-rule', message, { expression: place });
    }
    if (interaction.name === 'search' || interaction.name === 'history') pages += 1;
    if (!writes || pages <= MOST_PAGES) continue;
    const message = `A transaction with writes can have at most ${MOST_PAGES} searches and histories: use a batch.`;
    throw new Failure('business-rule', message, { expression: place });
  }
}

/** Runs entries that only read; the first failure rejects the transaction. */
async function reading(entries: readonly BundleEntry[], services: Services, room: AnswerRoom): Promise<string[]> {
  const answers: string[] = [];
  for (const entry of entries) answers.push(answered(entry, await handle(entry, services), room));
  return answers;
}

/** Returns the text of the response to an entry. Throws `too-large` if it does not fit. */
function answered(entry: BundleEntry, result: Result, room: AnswerRoom): string {
  const answer = entryAnswer(entry, result);
  if (room.take(answer)) return answer;
  throw inEntry(room.overflow(), entry.place);
}

/** Prepares the writes. Throws one failure with the issues of all invalid bodies. */
async function rehearse(entries: readonly BundleEntry[], { ids }: Plan, services: Services): Promise<void> {
  const failures: Failure[] = [];
  for (const [index, entry] of entries.entries()) {
    if (!isWrite(entry)) continue;
    try {
      const { version } = await handle(entry, services);
      // The criteria may find a resource that is not in the plan and that the job would no longer find; its write is
      // not prepared.
      if (version && version.id !== ids[index]) throw new StalePlan();
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      failures.push(error);
    }
  }
  const failure = together(failures);
  if (failure) throw failure;
}

/**
 * Runs the entries. Also returns which entries with criteria on other resources still found their match right after.
 */
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
    // No other entry writes a match, but writing the resources that its criteria refer to may change what they find.
    if (lookup?.found === undefined || !asksForOthers(lookup.condition.criteria)) continue;
    if ((await matchesOf(entry, lookup, services.engine)).includes(lookup.found)) found.add(index);
  }
  return { answers, found };
}

/** Returns true if the criteria of an entry now find another resource: several, or one whose write is not prepared. */
function findsOthers(error: unknown): boolean {
  return error instanceof Failure && (error.code === 'multiple-matches' || error.cause instanceof Dependent);
}

/**
 * Returns the reason why criteria find something else than at the start of the job. If they look at one resource only
 * and the job has not written it, another node has just written it, even though the job holds the type: a plain create
 * takes no such lock. Otherwise the entries depend on each other.
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
 * Checks after the job that the Bundle itself has not created a second match for a conditional create or update, and
 * that no entry has made criteria lose their match.
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

/**
 * Returns the entry. One that reads what the job has written is not checked against the version that policies saw: the
 * change is the caller's own.
 */
function ownOf(entry: BundleEntry, job: JobInteractions): BundleEntry {
  const { type, id } = entry.request;
  if (isWrite(entry) || !job.hasChanged(type, id)) return entry;
  return { ...entry, request: { ...entry.request, judgedBy: undefined } };
}

/** Runs an entry. Rejects with StalePlan if others have changed the version that policies looked at. */
async function handle(entry: BundleEntry, services: Services): Promise<Result> {
  const { interaction, request, place } = entry;
  try {
    return await interaction.handle(request, services);
  } catch (error) {
    throw error instanceof StaleJudgement ? new StalePlan() : inEntry(error, place, request.type);
  }
}

/** Resolves the links of an entry: to fullUrls of the Bundle, and conditional references. */
function withLinks(entry: BundleEntry, { links, references }: Plan, registry: Registry): BundleEntry {
  const { request, fullUrl } = entry;
  if (links.size + references.size === 0) return entry;
  const root = /^(https?:\/\/.+\/)[A-Z][A-Za-z]*\/[^/]+$/.exec(fullUrl ?? '')?.[1];
  const replace: ReplaceLink = (text, kind) => {
    // A uri that is a web address identifies a value set, a code system or an extension and stays as it is.
    if (kind === 'uri') return text.startsWith('urn:') ? links.get(text) : undefined;
    if (kind === 'address') return links.get(text);
    // A relative reference is resolved against the base of the fullUrl of its own resource.
    return links.get(text) ?? references.get(text) ?? (root === undefined ? undefined : links.get(root + text));
  };
  const linked = (content: JsonObject) => replaceLinks(registry, request.type, content, replace);
  const merged = mergedBy(request);
  const patch = merged ? { kind: 'merge-patch' as const, value: linked(merged) } : request.patch;
  return { ...entry, request: { ...request, body: linked(request.body), patch } };
}
