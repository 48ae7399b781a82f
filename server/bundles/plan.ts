/** Decides which resource each entry of a transaction is about, before any of them runs (FHIR R4 §3.1.0.11.2). */
import { findOne, parseCondition } from '../../resources/conditional.ts';
import type { JobInteractions } from '../../resources/engine.ts';
import { Failure } from '../../resources/errors.ts';
import { replaceLinks } from '../../resources/links.ts';
import type { ParsedSearch } from '../../resources/search/plan.ts';
import { StalePlan } from '../../resources/together.ts';
import type { LockSet } from '../../resources/writing/lock-set.ts';
import { parseForm } from '../formats/form.ts';
import { criteriaOf } from '../interactions/criteria.ts';
import type { Services } from '../interactions/interaction.ts';
import type { BundleEntry } from './entry.ts';
import { inEntry } from './failure.ts';
import { mergedBy } from './patch.ts';

/** A search that the Bundle depends on, and the id that it found. */
export interface Lookup {
  condition: ParsedSearch;
  found: string | undefined;
}

export interface Plan {
  /** The id of each entry's resource, in the order of the entries; undefined if there is none. */
  ids: (string | undefined)[];
  /** The search of each entry that has one. */
  conditions: (Lookup | undefined)[];
  /** All searches: those of entries and those of conditional references. */
  lookups: Lookup[];
  /** `Type/id` by fullUrl. */
  links: Map<string, string>;
  /** `Type/id` by the text of a conditional reference. */
  references: Map<string, string>;
}

/** As many as a Bundle may have entries: each runs before the queue, and again in the job, which blocks all others. */
const MOST_SEARCHES = 2000;

/** Plans a transaction. Throws Failures that name the entry. */
export async function planOf(entries: readonly BundleEntry[], services: Services): Promise<Plan> {
  const conditions: Plan['conditions'] = [];
  for (const entry of entries) conditions.push(await conditionOf(entry, services));
  const ids = entries.map((entry, index) => idOf(entry, conditions[index]));
  refuseOverlaps(entries, ids, conditions);
  const { links, references } = linksOf(entries, ids);
  const lookups = conditions.filter((lookup) => lookup !== undefined);
  for (const entry of entries) {
    lookups.push(...(await conditionalReferences(entry, services, references, MOST_SEARCHES - lookups.length)));
  }
  return { ids, conditions, lookups, links, references };
}

/** Returns the types that the job of a plan locks, and the resources that it reads. */
export function lockSetOfPlan(entries: readonly BundleEntry[], { ids, lookups }: Plan): LockSet {
  const about = entries.map(({ request: { type } }, index) => ({ type, id: ids[index] }));
  const found = lookups.map(({ condition: { type }, found: id }) => ({ type, id }));
  return {
    looksAt: [...about, ...found].flatMap(({ type, id }) => (id === undefined ? [] : [{ type, id }])),
    holds: lookups.map(({ condition }) => condition.type),
  };
}

/** Repeats every search inside the job, before anything is written. Throws StalePlan if a result has changed. */
export async function holdPlan({ lookups }: Plan, job: JobInteractions): Promise<void> {
  // Always in the same order, so that two nodes cannot deadlock.
  for (const type of [...new Set(lookups.map(({ condition }) => condition.type))].sort()) await job.hold(type);
  for (const { condition, found } of lookups) {
    const { matches } = await job.search(condition);
    const [match] = matches;
    if (matches.length > 1 || match?.id !== found) throw new StalePlan();
    // This read locks the row. Another node may have changed it since the search.
    const kept = match && (await job.find(match.type, match.id));
    if (kept?.versionId !== match?.versionId) throw new StalePlan();
  }
}

async function conditionOf(entry: BundleEntry, services: Services): Promise<Lookup | undefined> {
  const { interaction, request, place } = entry;
  try {
    const condition = interaction.condition?.(request, services);
    return condition && { condition, found: (await findOne(services.engine, condition))?.id };
  } catch (error) {
    throw inEntry(error, place);
  }
}

function idOf({ interaction, request }: BundleEntry, lookup: Lookup | undefined): string | undefined {
  if (request.id !== '') return request.id;
  if (lookup?.found !== undefined) return lookup.found;
  const stated = request.body['id'];
  if (interaction.name === 'update' && typeof stated === 'string') return stated;
  return interaction.name === 'create' || interaction.name === 'update' ? request.newId : undefined;
}

const WRITES = new Set(['create', 'update', 'patch', 'delete']);

/** Rejects a transaction that writes a resource twice: the result would depend on the order of the entries. */
function refuseOverlaps(entries: readonly BundleEntry[], ids: Plan['ids'], conditions: Plan['conditions']): void {
  const written = new Map<string, string>();
  const kept: [identity: string, place: string][] = [];
  const fullUrls = new Map<string, string>();
  for (const [index, { interaction, request, place, fullUrl }] of entries.entries()) {
    if (!WRITES.has(interaction.name)) continue;
    if (fullUrl !== undefined) refuseTwice(fullUrls, fullUrl, place, `${place}.fullUrl`);
    const id = ids[index];
    if (id === undefined) continue;
    const identity = `${request.type}/${id}`;
    if (interaction.name === 'create' && conditions[index]?.found !== undefined) kept.push([identity, place]);
    else refuseTwice(written, identity, place, place);
  }
  for (const [identity, place] of kept) if (written.has(identity)) refuseTwice(written, identity, place, place);
}

function refuseTwice(known: Map<string, string>, value: string, place: string, expression: string): void {
  const other = known.get(value);
  if (other !== undefined) {
    const message = `This entry is for the same resource as ${other}: a transaction can have one entry per resource.`;
    throw new Failure('business-rule', message, { expression });
  }
  known.set(value, place);
}

function linksOf(entries: readonly BundleEntry[], ids: Plan['ids']): Pick<Plan, 'links' | 'references'> {
  const links: Plan['links'] = new Map();
  const references: Plan['references'] = new Map();
  for (const [index, entry] of entries.entries()) {
    const { interaction, request, fullUrl } = entry;
    const id = ids[index];
    if (id === undefined || (interaction.name !== 'create' && interaction.name !== 'update')) continue;
    const identity = `${request.type}/${id}`;
    if (fullUrl !== undefined) links.set(fullUrl, identity);
    // A search cannot find what the transaction will create: a reference by the same criteria means that entry.
    const criteria = criteriaSent(entry);
    if (criteria !== '') references.set(`${request.type}?${criteria}`, identity);
  }
  return { links, references };
}

function criteriaSent({ interaction, request, url }: BundleEntry): string {
  if (interaction.name === 'create') return criteriaOf(request.header('If-None-Exist') ?? '', request.type);
  return url.includes('?') ? url.slice(url.indexOf('?') + 1) : '';
}

const CONDITIONAL = /^([A-Z][A-Za-z]*)\?(.+)$/s;

/**
 * Looks up the conditional references in a body (`Patient?identifier=…`) and records their targets. Rejects with
 * `too-large` if there are more than `left`.
 */
async function conditionalReferences(
  { request, place }: BundleEntry,
  services: Services,
  references: Plan['references'],
  left: number,
): Promise<Lookup[]> {
  const found = new Map<string, string>();
  await request.yieldTurn?.();
  replaceLinks(services.registry, request.type, mergedBy(request) ?? request.body, (text, kind, at) => {
    if (kind === 'reference' && !references.has(text) && CONDITIONAL.test(text) && !found.has(text))
      found.set(text, at);
    return undefined;
  });
  if (found.size > left) {
    const message = `A transaction can have at most ${MOST_SEARCHES} searches, its references included: split it.`;
    throw new Failure('too-large', message, { expression: `${place}.resource` });
  }
  const lookups: Lookup[] = [];
  for (const [text, at] of found) {
    const expression = `${place}.resource${at.slice(request.type.length)}`;
    try {
      const lookup = await lookUp(text, services, expression);
      references.set(text, `${lookup.condition.type}/${lookup.found}`);
      lookups.push(lookup);
    } catch (error) {
      throw inEntry(error, expression);
    }
  }
  return lookups;
}

async function lookUp(text: string, services: Services, expression: string): Promise<Lookup> {
  const [, type = '', query = ''] = CONDITIONAL.exec(text) ?? [];
  const { registry, clock, judge, engine, baseUrl } = services;
  if (!registry.get(type)) {
    throw new Failure('business-rule', `${type} is not a resource type of this server.`, { expression });
  }
  const options = { base: baseUrl, now: clock(), rows: (each: string) => judge.rows(each) };
  const condition = parseCondition(registry, type, parseForm(query), options);
  const version = await findOne(engine, condition);
  if (version) return { condition, found: version.id };
  throw new Failure('precondition', 'The conditional reference matches nothing.', { expression });
}
