/** The whole of a search, as a filter over plain resources: no index, no page, nothing of the engine. */
import type { Patient, Reference } from 'fhir/r4.js';
import { BASE } from './cast.ts';
import type { Criterion, Link, SortKey } from './criterion.ts';
import { type Circumstances, target } from './kinds.ts';
import { PARAMETERS, type Parameter, type Resource } from './parameters.ts';

export class World {
  readonly patients: Patient[];
  readonly #byAddress: Map<string, Resource>;
  readonly #byType: Map<string, Resource[]>;
  readonly #values = new Map<string, unknown[]>();

  constructor(resources: Resource[]) {
    const address = ({ resourceType, id }: Resource) => `${resourceType}/${id}`;
    this.patients = resources.filter((resource) => resource.resourceType === 'Patient');
    const types = Object.keys(PARAMETERS);
    this.#byAddress = new Map(resources.map((resource) => [address(resource), resource]));
    this.#byType = new Map(types.map((type) => [type, resources.filter((each) => each.resourceType === type)]));
  }

  /** The resources of a type. */
  of(type: Resource['resourceType']): Resource[] {
    return this.#byType.get(type) ?? [];
  }

  /** Every value that a type has for a parameter. */
  values(type: Resource['resourceType'], parameter: string): unknown[] {
    const name = `${type}.${parameter}`;
    const values = this.#values.get(name) ?? this.of(type).flatMap((each) => find(each, parameter).values(each));
    this.#values.set(name, values);
    return values;
  }

  /** The ids of the patients that satisfy every criterion, in no order that means anything. */
  find(criteria: Criterion[], circumstances: Circumstances): string[] {
    const tests = criteria.map((criterion) => this.#test(criterion, circumstances));
    return this.patients.filter((patient) => tests.every((test) => test(patient))).map(({ id = '' }) => id);
  }

  /** Whether a criterion finds a resource by itself, in the circumstances of a server at rest. */
  finds(criterion: Criterion, resource: Resource): boolean {
    return this.#test(criterion, { base: BASE, now: Date.now() })(resource);
  }

  #test(criterion: Criterion, circumstances: Circumstances): (resource: Resource) => boolean {
    const { link, parameter, modifier, asks } = criterion;
    if (link !== undefined) return this.#follow(link, { ...criterion, link: undefined }, circumstances);
    if (modifier === 'missing') {
      const missing = asks[0]?.parts[0] === 'true';
      return (resource) => (find(resource, parameter).values(resource).length === 0) === missing;
    }
    const negated = modifier === 'not';
    const types = Object.entries(PARAMETERS).map(([type, parameters]) => {
      const known = parameters[parameter];
      return [type, asks.map((ask) => known?.test(ask, negated ? undefined : modifier, circumstances))] as const;
    });
    const tests = new Map(types);
    return (resource) => tests.get(resource.resourceType)?.some((test) => test?.(resource)) !== negated;
  }

  /** A chain is true of whoever points to one that satisfies the rest, `_has` of whom one of those points to. */
  #follow(
    { way, parameter, type }: Link,
    rest: Criterion,
    circumstances: Circumstances,
  ): (resource: Resource) => boolean {
    const test = this.#test(rest, circumstances);
    const pointed = (from: Resource) =>
      (find(from, parameter).values(from) as Reference[]).map((each) => target(each, circumstances.base) ?? '');
    if (way === 'chain') {
      const isMeant = ({ resourceType }: Resource) =>
        type === undefined ? rest.parameter in PARAMETERS[resourceType] : resourceType === type;
      return (resource) =>
        pointed(resource).some((address) => {
          const other = this.#byAddress.get(address);
          return other !== undefined && isMeant(other) && test(other);
        });
    }
    const others = this.of(type ?? 'Patient').filter((other) => pointed(other).length > 0 && test(other));
    const addresses = new Set(others.flatMap(pointed));
    return ({ resourceType, id }) => addresses.has(`${resourceType}/${id}`);
  }

  /**
   * Whether ids stand in the order of the keys (FHIR R4 §3.1.1.5.1): by the lowest value, or the highest where it
   * descends; those without a value last. Those that are equal may come in any order.
   */
  isSorted(ids: string[], keys: SortKey[]): boolean {
    const places = ids.map((id) => {
      const patient = this.#byAddress.get(`Patient/${id}`);
      return keys.map((key) => (patient === undefined ? undefined : place(patient, key)));
    });
    return places.every((each, index) => index === 0 || compare(keys, places[index - 1] ?? [], each) <= 0);
  }
}

function find(resource: Resource, parameter: string): Parameter {
  const found = PARAMETERS[resource.resourceType][parameter];
  if (found === undefined) throw new Error(`the oracle does not know ${resource.resourceType}.${parameter}`);
  return found;
}

type Place = string | number | undefined;

function place(resource: Resource, { parameter, descending }: SortKey): Place {
  const orders = find(resource, parameter).orders(resource).sort(byCodePoint);
  return descending ? orders.at(-1) : orders[0];
}

function compare(keys: SortKey[], left: Place[], right: Place[]): number {
  for (const [index, { descending }] of keys.entries()) {
    const [a, b] = [left[index], right[index]];
    if (a === b) continue;
    if (a === undefined || b === undefined) return a === undefined ? 1 : -1;
    return descending ? byCodePoint(b, a) : byCodePoint(a, b);
  }
  return 0;
}

function byCodePoint(left: string | number, right: string | number): number {
  if (typeof left === 'number' && typeof right === 'number') return left - right;
  return Buffer.compare(Buffer.from(String(left)), Buffer.from(String(right)));
}
