/** Conditional interactions (FHIR R4 §3.1.0.8.1, §3.1.0.4.3, §3.1.0.6, §3.1.0.7.1), on what a search finds. */
import type { Rows } from './access.ts';
import type { Interactions, Patching, Version, WriteOptions, WriteResult } from './engine.ts';
import { Failure } from './errors.ts';
import type { JsonObject } from './json/value.ts';
import type { Registry } from './registry.ts';
import type { SearchOptions } from './search/parameters/criteria.ts';
import { parseSearch } from './search/parse.ts';
import type { ParsedSearch } from './search/plan.ts';
import { untilFresh } from './stale.ts';

/**
 * Parses the criteria of a conditional interaction. Throws `precondition` (412) if they do not restrict the matches,
 * and otherwise the Failures of a search: lenient handling never applies to a write.
 */
export function parseCondition(
  registry: Registry,
  type: string,
  parameters: readonly [string, string][],
  options: SearchOptions,
): ParsedSearch {
  const plan = parseSearch(registry, type, parameters, { ...options, lenient: false });
  if (!plan.selective) {
    throw new Failure(
      'precondition',
      `At least one search criterion is required: ${type}?${exampleOf(registry, type)}=…`,
    );
  }
  return { ...plan, count: 2, total: 'none', sort: [], includes: [] };
}

/** Returns a parameter that may identify resources of the type, for the error message. */
function exampleOf(registry: Registry, type: string): string {
  const codes = Object.keys(registry.searchParameters(type));
  return codes.find((code) => code === 'identifier') ?? codes.find((code) => !code.startsWith('_')) ?? '_id';
}

/** Creates a resource unless the condition finds one, which is then returned unchanged. */
export function createUnless(
  engine: Interactions,
  condition: ParsedSearch,
  resource: JsonObject,
  options: WriteOptions,
): Promise<WriteResult> {
  return untilFresh(options, async (attempt) => {
    const found = await findOne(engine, condition);
    if (found) return { outcome: 'unchanged', version: found };
    return engine.create(condition.type, resource, { ...attempt, condition: { plan: condition, id: undefined } });
  });
}

/**
 * Updates the resource that the condition finds. If there is none, creates one with the id of the body, or with a
 * generated id.
 * @param creating returns the rows that the caller may create, since a new id has no earlier version
 */
export function updateWhere(
  engine: Interactions,
  condition: ParsedSearch,
  resource: JsonObject,
  options: WriteOptions,
  creating: () => Promise<Rows>,
): Promise<WriteResult> {
  const { type } = condition;
  const given = resource['id'];
  return untilFresh(options, async (attempt) => {
    const found = await findOne(engine, condition);
    const stated = { ...attempt, condition: { plan: condition, id: found?.id } };
    if (found) {
      if (given === undefined || given === found.id) return engine.update(type, found.id, resource, stated);
      throw new Failure('malformed', "The body's id does not match the resource that was found.", {
        expression: `${type}.id`,
      });
    }
    if (typeof given !== 'string') return engine.create(type, resource, { ...stated, rows: await creating() });
    if (await engine.find(type, given, options.rows)) {
      throw new Failure('duplicate', "A resource with the body's id exists, but does not match the criteria.", {
        expression: `${type}.id`,
      });
    }
    return engine.update(type, given, resource, { ...stated, ifNoneMatch: 'any' });
  });
}

/** Patches the resource that the condition finds. Throws `not-found` if there is none. */
export function patchWhere(
  engine: Interactions,
  condition: ParsedSearch,
  change: Patching,
  options: WriteOptions,
): Promise<WriteResult> {
  return untilFresh(options, async (attempt) => {
    const found = await findOne(engine, condition);
    if (!found) throw new Failure('not-found', `No ${condition.type} matches the criteria.`);
    const { type, id } = found;
    return engine.patch(type, id, change, { ...attempt, condition: { plan: condition, id } });
  });
}

/** Deletes the resource that the condition finds; returns undefined if there is none. */
export function removeWhere(
  engine: Interactions,
  condition: ParsedSearch,
  options: WriteOptions,
): Promise<WriteResult | undefined> {
  return untilFresh(options, async (attempt) => {
    const found = await findOne(engine, condition);
    if (!found) return undefined;
    return engine.remove(found.type, found.id, { ...attempt, condition: { plan: condition, id: found.id } });
  });
}

/** Returns the resource that a condition finds; undefined if there is none. Throws `multiple-matches` (412). */
export async function findOne(
  engine: Pick<Interactions, 'search'>,
  condition: ParsedSearch,
): Promise<Version | undefined> {
  const { matches } = await engine.search(condition);
  if (matches.length > 1) {
    throw new Failure('multiple-matches', 'The criteria match more than one resource: narrow them.');
  }
  return matches[0];
}
