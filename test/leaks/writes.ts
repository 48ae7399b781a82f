/** The ways to write, each with its expected response and result. */
import { expect } from 'chai';
import fc from 'fast-check';
import type { RequestOptions } from '../harness/http.ts';
import { type Condition, conditionsOf } from './conditions.ts';
import { anyId, anyType, IDS, matching, maySearch, received, type Scene, type Step } from './doors.ts';
import type { Interaction } from './policies.ts';
import { type Content, type Resource, same, type Type } from './world.ts';

const optional = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined, freq: 3 });
const to = (type: Type) => fc.constantFrom(...IDS[type]).map((id) => ({ reference: `${type}/${id}` }));

const CONTENTS: Record<Type, fc.Arbitrary<object>> = {
  Patient: fc.record({
    active: optional(fc.boolean()),
    gender: optional(fc.constantFrom('female', 'male')),
    birthDate: optional(fc.constantFrom('1999-12-31', '2000-01-01', '2020-02-02')),
    name: optional(fc.constantFrom('Abel', 'Bo', 'Cab').map((family) => [{ family }])),
    managingOrganization: optional(to('Organization')),
    link: optional(to('Patient').map((other) => [{ type: 'refer' as const, other }])),
  }),
  Organization: fc.record({ active: optional(fc.boolean()), name: fc.constantFrom('Alpha', 'Beta', 'Alto') }),
  Observation: fc.record({
    status: fc.constantFrom('final', 'amended'),
    code: fc.constantFrom('x', 'y').map((code) => ({ coding: [{ code }] })),
    subject: optional(to('Patient')),
  }),
};

/** Generates content without undefined members. */
export const contentOf = (type: Type): fc.Arbitrary<Content> =>
  CONTENTS[type].map((content) => JSON.parse(JSON.stringify(content)) as Content);

/** A write of the caller: its interaction, and the content that it would store under an id. */
interface Write {
  type: Type;
  id: string;
  interaction: Interaction;
  content: Content | null;
}

/**
 * Applies a write if the caller may make it, and returns whether it may: both the old and the new version must be
 * permitted.
 */
function store({ world, caller }: Scene, { type, id, interaction, content }: Write): boolean {
  const entry = world.find(type, id);
  const last = entry && { entry, versionId: entry.versions.length };
  const seen = last ? caller.seesMoment(last, interaction) : !caller.isNarrowed(type, interaction);
  if (interaction !== 'create' && !seen) return false;
  if (content === null && !entry) return true;
  const undo = world.write(type, id, content);
  if (content === null || caller.sees(world.find(type, id)?.versions.at(-1), type, interaction)) return true;
  undo();
  return false;
}

/** Records a resource that the server created, under the id that it chose. */
function made(scene: Scene, body: unknown, write: Omit<Write, 'id'>): void {
  const { id, ...content } = received(body);
  scene.world.write(write.type, id, write.content);
  expect(same(content, { ...write.content, type: write.type })).to.equal(true);
}

/** Returns true if the caller may create a resource with this content, under an id that nothing refers to. */
function mayMake(scene: Scene, write: Omit<Write, 'id'>): boolean {
  const id = 'not-yet-there';
  const { world, caller } = scene;
  const undo = world.write(write.type, id, write.content);
  const seen = caller.sees(world.find(write.type, id)?.versions.at(-1), write.type, write.interaction);
  undo();
  return seen;
}

const put = anyType.chain((type) =>
  fc.tuple(anyId(type), contentOf(type)).map(
    ([id, content]): Step => ({
      told: `PUT ${type}/${id} ${JSON.stringify(content)}`,
      async take(scene) {
        const before = scene.world.find(type, id)?.versions.at(-1);
        const reply = await scene.ask('PUT', `/${type}/${id}`, { json: content });
        const write = { type, id, interaction: 'update', content } as const;
        const status = scene.caller.may(type, 'update') && store(scene, write) ? (before ? 200 : 201) : 403;
        expect(reply.status).to.equal(status);
      },
    }),
  ),
);

const post = anyType.chain((type) =>
  contentOf(type).map(
    (content): Step => ({
      told: `POST ${type} ${JSON.stringify(content)}`,
      async take(scene) {
        const reply = await scene.ask('POST', `/${type}`, { json: content });
        const write = { type, interaction: 'create', content } as const;
        expect(reply.status).to.equal(scene.caller.may(type, 'create') && mayMake(scene, write) ? 201 : 403);
        if (reply.status === 201) made(scene, reply.body, write);
      },
    }),
  ),
);

/** Applies a patch and returns the expected status: a hidden resource counts as not found. */
function patched(scene: Scene, type: Type, id: string, change: Content): number {
  const entry = scene.world.find(type, id);
  const current = entry?.versions.at(-1);
  if (!entry || !scene.caller.seesMoment({ entry, versionId: entry.versions.length }, 'patch')) return 404;
  if (!current) return 410;
  const { type: _type, id: _id, ...content } = { ...current, ...change };
  return store(scene, { type, id, interaction: 'patch', content }) ? 200 : 403;
}

const MERGE = { 'content-type': 'application/merge-patch+json' };

const patch = anyType.chain((type) =>
  fc.tuple(anyId(type), contentOf(type)).map(
    ([id, change]): Step => ({
      told: `PATCH ${type}/${id} ${JSON.stringify(change)}`,
      async take(scene) {
        const body = JSON.stringify(change);
        const reply = await scene.ask('PATCH', `/${type}/${id}`, { headers: MERGE, body });
        expect(reply.status).to.equal(scene.caller.may(type, 'patch') ? patched(scene, type, id, change) : 403);
      },
    }),
  ),
);

const remove = anyType.chain((type) =>
  anyId(type).map(
    (id): Step => ({
      told: `DELETE ${type}/${id}`,
      async take(scene) {
        const reply = await scene.ask('DELETE', `/${type}/${id}`);
        const write = { type, id, interaction: 'delete', content: null } as const;
        expect(reply.status).to.equal(scene.caller.may(type, 'delete') && store(scene, write) ? 204 : 403);
      },
    }),
  ),
);

interface Conditional {
  type: Type;
  asked: Condition;
  content: Content;
  /** The id in the body, if it has one. */
  given: string | undefined;
}

const conditionals: fc.Arbitrary<Conditional> = anyType.chain((type) =>
  fc.record({
    type: fc.constant(type),
    asked: fc.constantFrom(...conditionsOf(type)),
    content: contentOf(type),
    given: optional(anyId(type)),
  }),
);

/**
 * Decides a conditional interaction by its single match, or none: returns a status, or the interaction that creates the
 * resource.
 */
type Settle = (scene: Scene, one: Conditional, found: Resource | undefined) => number | Making;
type Making = 'create' | 'update';

function conditional(
  method: string,
  interaction: Interaction,
  settle: Settle,
  request: (one: Conditional) => { path: string; options: RequestOptions },
): fc.Arbitrary<Step> {
  return conditionals.map((one): Step => {
    const { type, asked, content, given } = one;
    const { path, options } = request(one);
    return {
      told: `${method} ${path} (${asked.search}) ${given ?? ''} ${JSON.stringify(content)}`,
      async take(scene) {
        const reply = await scene.ask(method, path, options);
        const outcome = outcomeOf(scene, one, interaction, settle);
        if (typeof outcome === 'number') {
          expect(reply.status).to.equal(outcome);
          return;
        }
        const write = { type, interaction: outcome, content };
        const may = scene.caller.may(type, outcome) && mayMake(scene, write);
        expect(reply.status).to.equal(may ? 201 : 403);
        if (may) made(scene, reply.body, write);
      },
    };
  });
}

function outcomeOf(scene: Scene, one: Conditional, interaction: Interaction, settle: Settle): number | Making {
  const { type, asked } = one;
  if (!scene.caller.may(type, interaction) || !maySearch(scene, type, [asked])) return 403;
  const matches = matching(scene, type, [asked]);
  return matches.length > 1 ? 412 : settle(scene, one, matches[0]);
}

function updated(scene: Scene, { type, content, given }: Conditional, found: Resource | undefined): number | Making {
  const interaction = 'update';
  if (found && given !== undefined && given !== found.id) return 400;
  if (found) return store(scene, { type, id: found.id, interaction, content }) ? 200 : 403;
  if (given === undefined) return scene.caller.isNarrowed(type, interaction) ? 'create' : interaction;
  const current = scene.world.find(type, given)?.versions.at(-1);
  if (current && scene.caller.sees(current, type, interaction)) return 409;
  return store(scene, { type, id: given, interaction, content }) ? 201 : 403;
}

const conditionalPut = conditional('PUT', 'update', updated, ({ type, asked, content, given }) => ({
  path: `/${type}?${asked.search}`,
  options: { json: given === undefined ? content : { ...content, id: given } },
}));

const conditionalPost = conditional(
  'POST',
  'create',
  (_scene, _one, found) => (found ? 200 : 'create'),
  ({ type, asked, content }) => ({
    path: `/${type}`,
    options: { json: content, headers: { 'if-none-exist': asked.search } },
  }),
);

const conditionalPatch = conditional(
  'PATCH',
  'patch',
  (scene, { type, content }, found) => (found ? patched(scene, type, found.id, content) : 404),
  ({ type, asked, content }) => ({
    path: `/${type}?${asked.search}`,
    options: { headers: MERGE, body: JSON.stringify(content) },
  }),
);

const conditionalRemove = conditional(
  'DELETE',
  'delete',
  (scene, { type }, found) => {
    if (!found) return 204;
    return store(scene, { type, id: found.id, interaction: 'delete', content: null }) ? 204 : 403;
  },
  ({ type, asked }) => ({ path: `/${type}?${asked.search}`, options: {} }),
);

export const writes: fc.Arbitrary<Step> = fc.oneof(
  put,
  post,
  patch,
  remove,
  conditionalPut,
  conditionalPost,
  conditionalPatch,
  conditionalRemove,
);
