import { createUnless, parseCondition, patchWhere, removeWhere, updateWhere } from '../../resources/conditional.ts';
import type { Patching, WriteOptions, WriteResult } from '../../resources/engine.ts';
import { Failure } from '../../resources/errors.ts';
import { applyJsonPatch } from '../../resources/patch/json-patch.ts';
import { applyMergePatch } from '../../resources/patch/merge-patch.ts';
import type { ParsedSearch } from '../../resources/search/plan.ts';
import { parseForm } from '../formats/form.ts';
import { writeOptions } from '../http/preconditions.ts';
import { criteriaOf, isCriterion } from './criteria.ts';
import type { InteractionRequest, Result, Services } from './interaction.ts';

/**
 * `POST /{type}` (FHIR R4 §3.1.0.8); with `If-None-Exist`, only if the search finds nothing (§3.1.0.8.1). Throws
 * `parameter` for criteria in the query.
 */
export async function create(request: InteractionRequest, services: Services): Promise<Result> {
  const { type, newId, since, yieldTurn } = request;
  const { engine, registry } = services;
  // An id in the body is ignored: the server chooses one.
  const { id: _sent, ...body } = request.body;
  refuseCriteria(request, registry.searchParameters(type));
  const condition = noneExists(request, services);
  const options: WriteOptions = { by: 'caller', since, yieldTurn, rows: request.rows, newId };
  if (!condition) return written(await engine.create(type, body, options));
  return written(await createUnless(engine, condition, body, options));
}

/** Rejects criteria in the query of a create, where some servers take them: ignoring them would make a duplicate. */
function refuseCriteria({ type, parameters }: InteractionRequest, codes: Readonly<Record<string, unknown>>): void {
  const criterion = parameters.find(([name]) => isCriterion(name, codes));
  if (!criterion) return;
  const message = `Criteria of a create belong in If-None-Exist: send "${type}?…" there, not in the URL.`;
  throw new Failure('parameter', message);
}

/** `PUT /{type}/{id}`; creates the resource if it does not exist (FHIR R4 §3.1.0.4). */
export async function update(request: InteractionRequest, { engine }: Services): Promise<Result> {
  const { type, id, body } = request;
  if (body['id'] !== undefined && body['id'] !== id) {
    throw new Failure('malformed', `The body's id does not match the URL: send "${id}", or omit it.`, {
      expression: `${type}.id`,
    });
  }
  return written(await engine.update(type, id, body, writeOptions(request)));
}

/** `PUT /{type}?…` (FHIR R4 §3.1.0.4.3). */
export async function conditionalUpdate(request: InteractionRequest, services: Services): Promise<Result> {
  const { type, body, rows, newId } = request;
  const options = { ...writeOptions(request), newId };
  // A caller that may update every row may also create the resource, as by an id. A restriction to rows says nothing
  // about a new resource, so that is judged as a create.
  const create = { ...request.asked, method: 'POST', url: `/${type}` };
  const creating = async () => {
    if (rows.length === 0) return rows;
    return (await services.judge.require('create', request, create)).rows;
  };
  return written(await updateWhere(services.engine, byQuery(request, services), body, options, creating));
}

/** `PATCH /{type}/{id}`: JSON Patch or merge patch by the type of the body (FHIR R4 §3.1.0.6). */
export async function patch(request: InteractionRequest, services: Services): Promise<Result> {
  return written(
    await services.engine.patch(request.type, request.id, changeOf(request, services), writeOptions(request)),
  );
}

/** `PATCH /{type}?…`. */
export async function conditionalPatch(request: InteractionRequest, services: Services): Promise<Result> {
  const condition = byQuery(request, services);
  return written(await patchWhere(services.engine, condition, changeOf(request, services), writeOptions(request)));
}

/** `DELETE /{type}/{id}` (FHIR R4 §3.1.0.7). */
export async function remove(request: InteractionRequest, { engine }: Services): Promise<Result> {
  return removed(await engine.remove(request.type, request.id, writeOptions(request)));
}

/** `DELETE /{type}?…` (FHIR R4 §3.1.0.7.1). */
export async function conditionalRemove(request: InteractionRequest, services: Services): Promise<Result> {
  const condition = byQuery(request, services);
  return removed(await removeWhere(services.engine, condition, writeOptions(request)));
}

/** Returns the search in `If-None-Exist`; undefined if there is no such header. */
export function noneExists(request: InteractionRequest, services: Services): ParsedSearch | undefined {
  const criteria = request.header('If-None-Exist');
  if (criteria === undefined) return undefined;
  return conditionOf(request, services, parseForm(criteriaOf(criteria, request.type)));
}

/** Returns the search in the query of a conditional write. */
export function byQuery(request: InteractionRequest, services: Services): ParsedSearch {
  return conditionOf(request, services, request.parameters);
}

/** Parses the search that selects the resource of a conditional write; it is judged like any search. */
export function conditionOf(
  { type }: Pick<InteractionRequest, 'type'>,
  { registry, clock, judge, baseUrl }: Pick<Services, 'registry' | 'clock' | 'judge' | 'baseUrl'>,
  parameters: [string, string][],
): ParsedSearch {
  const options = { base: baseUrl, now: clock(), rows: (other: string) => judge.rows(other) };
  return parseCondition(registry, type, parameters, options);
}

function changeOf({ type, patch: sent }: InteractionRequest, { registry }: Services): Patching {
  const value = sent?.value ?? null;
  if (sent?.kind === 'json-patch') return (resource, bounds) => applyJsonPatch(resource, value, bounds);
  const { secrets } = registry.get(type) ?? {};
  return (resource) => applyMergePatch(resource, value, secrets);
}

function written({ outcome, version }: WriteResult): Result {
  return { status: outcome === 'created' ? 201 : 200, version, written: outcome };
}

function removed(result: WriteResult | undefined): Result {
  return { status: 204, ...(result && { version: result.version }) };
}
