/** The ways to read, each with its expected response. */
import { expect } from 'chai';
import fc from 'fast-check';
import type { Reply, RequestOptions } from '../harness/http.ts';
import { type Condition, conditionsOf } from './conditions.ts';
import type { Caller } from './policies.ts';
import { isAboutPatient } from './scopes.ts';
import { type Moment, type Resource, same, TYPES, type Type, type World } from './world.ts';

/** One request of the caller, with a description for failure messages. */
export interface Step {
  told: string;
  /** Sends the request and compares the response with what the caller may see; records a write. */
  take(scene: Scene): Promise<void>;
}

export interface Scene {
  world: World;
  caller: Caller;
  /** Sends a request as the caller. */
  ask(method: string, path: string, options?: RequestOptions): Promise<Reply>;
}

export const IDS: Record<Type, string[]> = {
  Patient: ['p1', 'p2', 'p3', 'p4', 'p5', 'p6'],
  Organization: ['a', 'b', 'c'],
  Observation: ['o1', 'o2', 'o3', 'o4', 'o5'],
};

export const anyType = fc.constantFrom(...TYPES);
export const anyId = (type: Type) => fc.constantFrom(...IDS[type], 'never');

/** Returns the resource in a response in the form in which the world stores it. */
export function received(body: unknown): Resource {
  const { resourceType, meta: _meta, ...rest } = body as Record<string, unknown>;
  return { ...rest, type: resourceType } as unknown as Resource;
}

function statusOf(moment: Moment | undefined, shown: boolean): number {
  if (!moment || !shown) return 404;
  return moment.entry.versions[moment.versionId - 1] === null ? 410 : 200;
}

const read = fc.record({ type: anyType, method: fc.constantFrom('GET', 'HEAD') }).chain(({ type, method }) =>
  anyId(type).map(
    (id): Step => ({
      told: `${method} ${type}/${id}`,
      async take({ world, caller, ask }) {
        const reply = await ask(method, `/${type}/${id}`);
        const entry = world.find(type, id);
        const moment = entry && { entry, versionId: entry.versions.length };
        const status = statusOf(moment, moment !== undefined && caller.seesMoment(moment, 'read'));
        expect(reply.status).to.equal(caller.may(type, 'read') ? status : 403);
        if (reply.status === 200 && method === 'GET') expect(received(reply.body)).to.eql(entry?.versions.at(-1));
      },
    }),
  ),
);

const vread = anyType.chain((type) =>
  fc.tuple(anyId(type), fc.integer({ min: 1, max: 4 })).map(
    ([id, versionId]): Step => ({
      told: `GET ${type}/${id}/_history/${versionId}`,
      async take({ world, caller, ask }) {
        const reply = await ask('GET', `/${type}/${id}/_history/${versionId}`);
        const entry = world.find(type, id);
        const moment = entry && versionId <= entry.versions.length ? { entry, versionId } : undefined;
        const status = statusOf(moment, moment !== undefined && caller.seesMoment(moment, 'vread'));
        expect(reply.status).to.equal(caller.may(type, 'vread') ? status : 403);
        if (reply.status === 200) expect(received(reply.body)).to.eql(entry?.versions[versionId - 1]);
      },
    }),
  ),
);

/** Follows a Bundle's `next` links and returns all entries; checks that each total is `expected`. */
async function allEntries(scene: Scene, first: Reply, expected: number): Promise<Record<string, unknown>[]> {
  const entries: Record<string, unknown>[] = [];
  for (let page = first; ; ) {
    const total = page.at('total');
    if (total !== undefined) expect(total, 'total').to.equal(expected);
    entries.push(...(page.list('entry') as Record<string, unknown>[]));
    const next = (page.list('link') as { relation: string; url: string }[]).find(({ relation }) => relation === 'next');
    if (!next) return entries;
    page = await scene.ask('GET', next.url.replace(/^https?:\/\/[^/]+/, ''));
    expect(page.status).to.equal(200);
  }
}

const history = fc.tuple(anyType, fc.boolean(), fc.constantFrom(2, 50)).chain(([type, whole, count]) =>
  anyId(type).map((id): Step => {
    const path = whole ? `/${type}/_history?_count=${count}` : `/${type}/${id}/_history?_count=${count}`;
    return {
      told: `GET ${path}`,
      async take(scene) {
        const { world, caller } = scene;
        const asked = whole ? 'history-type' : 'history';
        const moments = world.moments
          .filter(({ entry }) => entry.type === type && (whole || entry.id === id))
          .filter((moment) => caller.seesMoment(moment, asked));
        const reply = await scene.ask('GET', path);
        const found = whole || moments.length > 0 ? 200 : 404;
        expect(reply.status).to.equal(caller.may(type, asked) ? found : 403);
        if (reply.status !== 200) return;
        await compareHistory(scene, reply, moments);
      },
    };
  }),
);

const systemHistory = fc.constantFrom(3, 50).map(
  (count): Step => ({
    told: `GET /_history?_count=${count}`,
    async take(scene) {
      const { world, caller } = scene;
      const types = TYPES.filter((type) => caller.may(type, 'history-type'));
      const moments = world.moments
        .filter(({ entry }) => types.includes(entry.type))
        .filter((moment) => caller.seesMoment(moment, 'history-type'));
      const reply = await scene.ask('GET', `/_history?_count=${count}`);
      expect(reply.status).to.equal(types.length > 0 ? 200 : 403);
      if (reply.status === 200) await compareHistory(scene, reply, moments);
    },
  }),
);

/** Compares all pages of a history with the expected versions. */
async function compareHistory(scene: Scene, first: Reply, moments: Moment[]): Promise<void> {
  const entries = await allEntries(scene, first, moments.length);
  const told = entries.map(({ fullUrl, response, resource }) => {
    const versionId = /"(\d+)"/.exec(String((response as { etag: string }).etag))?.[1];
    const at = String(fullUrl).split('/').slice(-2).join('/');
    return { at: `${at}.${versionId}`, resource: resource ? received(resource) : null };
  });
  const shown = moments.map(({ entry, versionId }) => {
    return { at: `${entry.type}/${entry.id}.${versionId}`, resource: entry.versions[versionId - 1] ?? null };
  });
  expect(told).to.have.deep.members(shown);
}

/**
 * What `_include` and `_revinclude` follow: whether a match of the searched type refers to another resource, or is
 * referred to by it.
 */
const INCLUDES: [type: Type, parameter: string, follows: (match: Resource, other: Resource) => boolean][] = [
  ['Patient', '_include=Patient:organization', (match, other) => pointsTo(match.managingOrganization, other)],
  ['Patient', '_include=Patient:link', (match, other) => linksTo(match, other)],
  ['Patient', '_include=*', (match, other) => pointsTo(match.managingOrganization, other) || linksTo(match, other)],
  ['Patient', '_revinclude=Patient:link', (match, other) => linksTo(other, match)],
  ['Patient', '_revinclude=Observation:patient', (match, other) => pointsTo(other.subject, match)],
  ['Patient', '_revinclude=*', (match, other) => pointsTo(other.subject, match) || linksTo(other, match)],
  ['Organization', '_revinclude=*', (match, other) => pointsTo(other.managingOrganization, match)],
  ['Organization', '_revinclude=Patient:organization', (match, other) => pointsTo(other.managingOrganization, match)],
  ['Observation', '_include=Observation:patient', (match, other) => pointsTo(match.subject, other)],
  ['Observation', '_include=Observation:*', (match, other) => pointsTo(match.subject, other)],
];

function pointsTo(reference: { reference: string } | undefined, { type, id }: Resource): boolean {
  return reference?.reference === `${type}/${id}`;
}

function linksTo({ link }: Resource, other: Resource): boolean {
  return link?.some(({ other: to }) => pointsTo(to, other)) === true;
}

const RESULTS = [
  '',
  '_summary=count',
  '_total=accurate',
  '_sort=_id',
  '_sort=-_id',
  '_sort=-_id,_lastUpdated',
  '_total=none',
];

const search = fc
  .record({ type: anyType, result: fc.constantFrom(...RESULTS), count: fc.constantFrom(1, 3, 50), post: fc.boolean() })
  .chain(({ type, result, count, post }) => {
    const includes = INCLUDES.filter(([from]) => from === type);
    const conditions = fc.array(fc.constantFrom(...conditionsOf(type)), { maxLength: 2 });
    return fc.tuple(conditions, fc.option(fc.constantFrom(...includes), { freq: 2 })).map(([asked, include]): Step => {
      const parts = [...asked.map((each) => each.search), result, `_count=${count}`, ...(include ? [include[1]] : [])];
      const query = parts.filter((part) => part !== '').join('&');
      return {
        told: `${post ? 'POST _search' : 'GET'} ${type}?${query}`,
        async take(scene) {
          const reply = await (post
            ? scene.ask('POST', `/${type}/_search`, { form: query })
            : scene.ask('GET', `/${type}?${query}`));
          expect(reply.status).to.equal(maySearch(scene, type, asked) ? 200 : 403);
          if (reply.status !== 200) return;
          const matches = matching(scene, type, asked);
          const entries = await allEntries(scene, reply, matches.length);
          if (result === '_summary=count') expect(reply.at('total')).to.equal(matches.length);
          else compare(scene, entries, matches, result, include?.[2]);
        },
      };
    });
  });

const within = fc
  .record({ type: anyType, patient: anyId('Patient'), count: fc.constantFrom(1, 50) })
  .chain(({ type, patient, count }) =>
    fc.array(fc.constantFrom(...conditionsOf(type)), { maxLength: 1 }).map((asked): Step => {
      const path = `/Patient/${patient}/${type}?${[...asked.map((each) => each.search), `_count=${count}`].join('&')}`;
      return {
        told: `GET ${path}`,
        async take(scene) {
          const reply = await scene.ask('GET', path);
          const { caller } = scene;
          const found = type === 'Organization' ? 404 : maySearch(scene, type, asked) ? 200 : 403;
          expect(reply.status).to.equal(caller.may(type, 'search') ? found : 403);
          if (reply.status !== 200) return;
          const matches = matching(scene, type, asked).filter((each) => isAboutPatient(each, patient));
          compare(scene, await allEntries(scene, reply, matches.length), matches, '', undefined);
        },
      };
    }),
  );

/** Returns true if the caller may search the type and every type that the conditions refer to. */
export function maySearch({ caller }: Scene, type: Type, asked: readonly Condition[]): boolean {
  return [type, ...asked.flatMap(({ touches }) => touches)].every((each) => caller.may(each, 'search'));
}

/** Returns what a search by the caller finds. */
export function matching({ caller }: Scene, type: Type, asked: readonly Condition[]): Resource[] {
  return caller.of(type).filter((each) => asked.every((condition) => condition.holds(each, caller)));
}

function compare(
  { caller }: Scene,
  entries: Record<string, unknown>[],
  matches: Resource[],
  result: string,
  follows: ((match: Resource, other: Resource) => boolean) | undefined,
): void {
  const inMode = (wanted: string) =>
    entries
      .filter(({ search: how }) => (how as { mode: string }).mode === wanted)
      .map(({ resource }) => received(resource));
  const order = result.startsWith('_sort=-') ? -1 : 1;
  const sorted = [...matches].sort((left, right) => (left.id < right.id ? -order : order));
  if (result.startsWith('_sort')) expect(inMode('match')).to.eql(sorted);
  else expect(inMode('match')).to.have.deep.members(matches);
  const others = TYPES.flatMap((type) => caller.of(type));
  const included = follows ? others.filter((other) => matches.some((match) => follows(match, other))) : [];
  // Each page includes resources for its own matches, which may be matches of another page.
  const unlike = (resources: Resource[]) => resources.filter((each) => !matches.some((match) => same(match, each)));
  const given = inMode('include');
  expect(unlike(given).map(name)).to.include.members(unlike(included).map(name));
  expect(included.map(name)).to.include.members(given.map(name));
  for (const resource of given) expect(others).to.deep.include(resource);
}

function name({ type, id }: Resource): string {
  return `${type}/${id}`;
}

export const reads: fc.Arbitrary<Step> = fc.oneof(read, vread, history, systemHistory, within, {
  weight: 4,
  arbitrary: search,
});
