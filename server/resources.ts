import type { Clock } from '../resources/clock.ts';
import type { ResourceDefinition } from '../resources/definition.ts';
import type { Engine, Version } from '../resources/engine.ts';
import { Failure } from '../resources/errors.ts';
import type { JsonObject } from '../resources/json/value.ts';
import { applyJsonPatch } from '../resources/patch/json-patch.ts';
import { applyMergePatch } from '../resources/patch/merge-patch.ts';
import { projectText } from '../resources/project.ts';
import type { Registry } from '../resources/registry.ts';
import { parseSearch } from '../resources/search/parse.ts';
import { sendText, sendVersion, sendWritten } from './answer.ts';
import { bodyText, type Patch, readPatch, readResource } from './body.ts';
import { history, searchset } from './bundle.ts';
import type { Context } from './context.ts';
import { parseForm } from './formats/form.ts';
import { bodyType } from './formats/media-types.ts';
import type { Answer } from './formats/negotiate.ts';
import type { Judge } from './guard.ts';
import { writeOptions } from './preconditions.ts';

/** A request to a resource endpoint, as its handler takes it. */
export interface ResourceRequest {
  ctx: Context;
  engine: Engine;
  registry: Registry;
  clock: Clock;
  answer: Answer;
  judge: Judge;
  type: string;
  /** Empty where the address has none. */
  id: string;
  /** The resource that was sent; empty where the interaction takes none. */
  body: JsonObject;
  /** The patch that was sent, where the interaction takes one. */
  patch: Patch | undefined;
  /** The parameters of the query, and of the form of a POSTed search. */
  parameters: [string, string][];
}

export type Interaction = 'read' | 'vread' | 'search' | 'create' | 'update' | 'patch' | 'delete' | 'history';

/** A resource interaction (FHIR R4 §3.1.0): where it is served and what it does. */
export interface ResourceRoute {
  method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** The address below the base, as the router writes it. */
  path: string;
  interaction: Interaction;
  takes?: 'resource' | 'patch' | 'form';
  handle(request: ResourceRequest, definition: ResourceDefinition): Promise<void>;
}

/** Every resource interaction that is served, in the order in which addresses are matched. */
export const RESOURCE_ROUTES: readonly ResourceRoute[] = [
  { method: 'get', path: '/:type/_history', interaction: 'history', handle: readHistory },
  { method: 'get', path: '/:type/:id/_history', interaction: 'history', handle: readHistory },
  { method: 'get', path: '/:type/:id/_history/:version', interaction: 'vread', handle: vread },
  { method: 'post', path: '/:type/_search', interaction: 'search', takes: 'form', handle: search },
  { method: 'get', path: '/:type', interaction: 'search', handle: search },
  { method: 'post', path: '/:type', interaction: 'create', takes: 'resource', handle: create },
  { method: 'get', path: '/:type/:id', interaction: 'read', handle: read },
  { method: 'put', path: '/:type/:id', interaction: 'update', takes: 'resource', handle: update },
  { method: 'patch', path: '/:type/:id', interaction: 'patch', takes: 'patch', handle: patch },
  { method: 'delete', path: '/:type/:id', interaction: 'delete', handle: remove },
];

async function read({ ctx, engine, answer, type, id }: ResourceRequest): Promise<void> {
  sendVersion(ctx, answer, await engine.read(type, id));
}

async function vread({ ctx, engine, answer, type, id }: ResourceRequest): Promise<void> {
  const version = String(ctx['params'].version);
  if (!/^[1-9]\d{0,8}$/.test(version)) throw new Failure('not-found', `There is no such version of ${type}/${id}.`);
  sendVersion(ctx, answer, await engine.vread(type, id, Number(version)));
}

async function create({ ctx, engine, answer, type, body }: ResourceRequest): Promise<void> {
  sendWritten(ctx, answer, await engine.create(type, body, { by: 'caller' }));
}

async function update({ ctx, engine, answer, type, id, body }: ResourceRequest): Promise<void> {
  const given = body['id'];
  if (given !== undefined && given !== id) {
    throw new Failure('malformed', `The body's id differs from the address: send "${id}", or leave it out.`, {
      expression: `${type}.id`,
    });
  }
  sendWritten(ctx, answer, await engine.update(type, id, body, writeOptions(ctx)));
}

/** JSON Patch or merge patch by the type of the body (FHIR R4 §3.1.0.6). */
async function patch({ ctx, engine, answer, type, id, patch: sent }: ResourceRequest): Promise<void> {
  const apply = sent?.kind === 'json-patch' ? applyJsonPatch : applyMergePatch;
  const change = (resource: JsonObject) => apply(resource, sent?.value ?? null);
  sendWritten(ctx, answer, await engine.patch(type, id, change, writeOptions(ctx)));
}

async function remove({ ctx, engine, type, id }: ResourceRequest): Promise<void> {
  const result = await engine.remove(type, id, writeOptions(ctx));
  if (result) ctx.set('ETag', `W/"${result.version.versionId}"`);
  ctx.status = 204;
}

async function search(request: ResourceRequest, definition: ResourceDefinition): Promise<void> {
  const { ctx, engine, registry, clock, answer, judge, type, parameters } = request;
  const touched = new Set<string>();
  const rows = (other: string) => {
    touched.add(other);
    return [];
  };
  const plan = parseSearch(registry, type, parameters, {
    base: ctx.state.base,
    now: clock(),
    lenient: isLenient(ctx),
    rows,
  });
  touched.delete(type);
  for (const other of touched) await judge.search(other);
  const page = await engine.search(plan);
  const textOf = (version: Version) => projectText(definition, version.text ?? '', plan);
  const bundle = { base: ctx.state.base, path: type, parameters: plan.understood, page };
  sendText(ctx, answer, searchset(bundle, textOf, plan.warnings));
}

/** `Prefer: handling=lenient` passes over what is unknown (FHIR R4 §3.1.1.2.1). */
function isLenient(ctx: Context): boolean {
  return /(?:^|[,;\s])handling\s*=\s*"?lenient/.test(ctx.get('Prefer'));
}

async function readHistory({ ctx, engine, answer, type, id, parameters }: ResourceRequest): Promise<void> {
  const page = await engine.history(type, id === '' ? undefined : id, historyPage(parameters));
  const path = id === '' ? `${type}/_history` : `${type}/${id}/_history`;
  const shown = parameters.filter(([name]) => name !== '_cursor');
  sendText(ctx, answer, history({ base: ctx.state.base, path, parameters: shown, page }));
}

/** `_count`, `_since` and the cursor of a history (FHIR R4 §3.1.0.12). */
function historyPage(parameters: readonly [string, string][]): { count: number; since?: number; cursor?: string } {
  const page: { count: number; since?: number; cursor?: string } = { count: 100 };
  for (const [name, value] of parameters) {
    if (name === '_count') page.count = historyCount(value);
    else if (name === '_since') page.since = instant(value);
    else if (name === '_cursor') page.cursor = value;
    else if (name !== '_format' && name !== '_pretty') {
      throw new Failure('unknown-parameter', `A history takes _count, _since and _format, not ${name}.`);
    }
  }
  return page;
}

function historyCount(value: string): number {
  if (!/^[1-9]\d{0,8}$/.test(value)) throw new Failure('parameter', '_count takes a whole number from 1.');
  return Math.min(Number(value), 1000);
}

function instant(value: string): number {
  const time = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})$/.test(value)
    ? Date.parse(value)
    : Number.NaN;
  if (Number.isNaN(time)) throw new Failure('parameter', '_since takes an instant: 2026-01-31T12:00:00Z.');
  return time;
}

const ID = /^(?=.*[^.])[A-Za-z0-9.-]{1,64}$/;

/** Reads what a handler needs from a request. Throws `parameter`, `media-type` or `malformed` (400, 415). */
export function resourceRequest(
  ctx: Context,
  route: ResourceRoute,
  deps: Pick<ResourceRequest, 'engine' | 'registry' | 'clock' | 'answer' | 'judge'>,
): ResourceRequest {
  const type = String(ctx['params'].type);
  const id = String(ctx['params'].id ?? '');
  if (ctx['params'].id !== undefined && !ID.test(id)) {
    throw new Failure('parameter', 'An id has 1 to 64 letters, digits, hyphens and dots, and not dots alone.');
  }
  const body = route.takes === 'resource' ? readResource(ctx) : {};
  if (route.takes === 'resource' && body['resourceType'] !== undefined && body['resourceType'] !== type) {
    throw new Failure(
      'malformed',
      `The body's resourceType differs from the address: send "${type}", or leave it out.`,
      {
        expression: `${type}.resourceType`,
      },
    );
  }
  const patch = route.takes === 'patch' ? readPatch(ctx) : undefined;
  const parameters = parseForm(ctx.querystring);
  if (route.takes === 'form') parameters.push(...formParameters(ctx));
  return { ctx, ...deps, type, id, body, patch, parameters };
}

/** The form of a POSTed search; none at all is an empty one. */
function formParameters(ctx: Context): [string, string][] {
  if (ctx.get('Content-Type') === '' && bodyText(ctx) === '') return [];
  bodyType(ctx.get('Content-Type'), ['form']);
  return parseForm(bodyText(ctx));
}
