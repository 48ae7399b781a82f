/** What happens in a story: each step is a request, alone or in a transaction, and what has to come of it. */
import fc from 'fast-check';
import type { BundleEntry, Patient } from 'fhir/r4.js';
import { type Model, type Person, patient } from './model.ts';

export const IDS = ['a', 'b', 'c'];
export const VALUES = ['v0', 'v1', 'v2'];
const BIRTHS = ['1970', '1970-02', '1970-02-28', '1999-12-31'];

/** `If-Match` with the current version or the one before it, or `If-None-Match: *`. */
type Condition = 'current' | 'stale' | 'absent' | undefined;

export type Step =
  | { does: 'put'; id: string; person: Person; condition: Condition }
  | { does: 'remove'; id: string; condition: Condition }
  | { does: 'patch'; id: string; born: string | null; condition: Condition }
  | { does: 'create unless'; value: string; person: Person }
  | { does: 'put where' | 'remove where'; value: string; person: Person }
  /** A person without a valid date of birth, which nothing may come of. */
  | { does: 'fail'; id: string };

/** A step as a request, with the ids of its story. */
export interface Asked {
  method: 'PUT' | 'POST' | 'PATCH' | 'DELETE';
  url: string;
  resource?: Patient | undefined;
  /** A merge patch. */
  patch?: object;
  conditions: { ifMatch?: string; ifNoneMatch?: string; ifNoneExist?: string };
  /** What it does to the model; gives the status that the server has to answer. */
  effect(model: Model): number;
}

const person = fc.record<Person>({
  known: fc.uniqueArray(fc.constantFrom(...VALUES), { maxLength: 2 }),
  born: fc.option(fc.constantFrom(...BIRTHS), { nil: undefined }),
});
const id = fc.constantFrom(...IDS);
const value = fc.constantFrom(...VALUES);
const condition = fc.constantFrom<Condition>(undefined, undefined, undefined, 'current', 'stale', 'absent');
const constant = <Name extends Step['does']>(name: Name) => fc.constant(name);

export const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ does: constant('put'), id, person, condition }) },
  { weight: 2, arbitrary: fc.record({ does: constant('remove'), id, condition }) },
  {
    weight: 2,
    arbitrary: fc.record({ does: constant('patch'), id, born: fc.constantFrom(...BIRTHS, null), condition }),
  },
  { weight: 2, arbitrary: fc.record({ does: constant('create unless'), value, person }) },
  { weight: 2, arbitrary: fc.record({ does: fc.constantFrom('put where', 'remove where'), value, person }) },
  { weight: 1, arbitrary: fc.record({ does: constant('fail'), id }) },
);

/** What a step asks of the server as things stand; `fresh` stands for the id of what it may make. */
export function asked(step: Step, story: string, model: Model, fresh: string): Asked {
  const search = (sought: string) => `identifier=${story}|${sought}`;
  const at = 'id' in step ? `${story}-${step.id}` : '';
  switch (step.does) {
    case 'put': {
      const put = (then: Model) => then.write(at, step.person);
      const resource = patient(story, step.person);
      return { method: 'PUT', url: `Patient/${at}`, resource, ...conditional(step.condition, at, model, put) };
    }
    case 'remove': {
      const remove = (then: Model) => then.remove(at);
      return { method: 'DELETE', url: `Patient/${at}`, ...conditional(step.condition, at, model, remove) };
    }
    case 'patch': {
      const change = (then: Model) => patched(then, at, step.born ?? undefined);
      const { conditions, effect } = conditional(step.condition, at, model, change);
      // Where there is nothing to patch, no condition is looked at (RFC 9110 §13.2.1).
      const tried = (then: Model) => (then.current(at) === undefined ? change(then) : effect(then));
      return { method: 'PATCH', url: `Patient/${at}`, patch: { birthDate: step.born }, conditions, effect: tried };
    }
    case 'create unless': {
      const effect = (then: Model) => where(then, step.value, [fresh, step.person], () => 200);
      const conditions = { ifNoneExist: search(step.value) };
      return { method: 'POST', url: 'Patient', resource: patient(story, step.person), conditions, effect };
    }
    case 'put where': {
      const effect = (then: Model) =>
        where(then, step.value, [fresh, step.person], (found) => then.write(found, step.person));
      const url = `Patient?${search(step.value)}`;
      return { method: 'PUT', url, resource: patient(story, step.person), conditions: {}, effect };
    }
    case 'remove where': {
      const effect = (then: Model) => where(then, step.value, undefined, (found) => then.remove(found));
      return { method: 'DELETE', url: `Patient?${search(step.value)}`, conditions: {}, effect };
    }
    case 'fail': {
      const resource: Patient = { resourceType: 'Patient', birthDate: '1970-02-30' };
      return { method: 'PUT', url: `Patient/${at}`, resource, conditions: {}, effect: () => 422 };
    }
  }
}

/** What comes of a request on whatever is known by a value: of none, of one, of several (FHIR R4 §3.1.0.4.3). */
function where(
  model: Model,
  sought: string,
  made: [id: string, person: Person] | undefined,
  one: (id: string) => number,
): number {
  const [found, ...others] = model.knownBy(sought);
  if (others.length > 0) return 412;
  if (found !== undefined) return one(found);
  return made === undefined ? 204 : model.write(...made);
}

function patched(model: Model, at: string, born: string | undefined): number {
  const before = model.current(at);
  if (before === undefined) return model.version(at) === 0 ? 404 : 410;
  return model.write(at, { ...before, born });
}

function conditional(
  condition: Condition,
  at: string,
  model: Model,
  effect: Asked['effect'],
): Pick<Asked, 'conditions' | 'effect'> {
  if (condition === undefined) return { conditions: {}, effect };
  if (condition === 'absent') {
    const isThere = (then: Model) => then.current(at) !== undefined;
    return { conditions: { ifNoneMatch: '*' }, effect: (then) => (isThere(then) ? 412 : effect(then)) };
  }
  const version = Math.max(1, model.version(at) - (condition === 'stale' ? 1 : 0));
  const holds = (then: Model) => then.current(at) !== undefined && then.version(at) === version;
  return { conditions: { ifMatch: `W/"${version}"` }, effect: (then) => (holds(then) ? effect(then) : 412) };
}

/** A step as an entry of a transaction. */
export function entry({ method, url, resource, patch, conditions }: Asked): BundleEntry {
  const contentType = 'application/merge-patch+json';
  const data = Buffer.from(JSON.stringify(patch ?? {})).toString('base64');
  const binary = { resourceType: 'Binary' as const, contentType, data };
  const sent = patch === undefined ? resource : binary;
  return { ...(sent && { resource: sent }), request: { method, url, ...conditions } };
}
