/** The policies of a caller, and what they permit together: a row permitted by any of them is permitted. */
import fc from 'fast-check';
import { type Condition, conditionsOf } from './conditions.ts';
import { isAboutPatient, reachOf } from './scopes.ts';
import { judgedBy, type Moment, type Resource, TYPES, type Type, type View, type World } from './world.ts';

const INTERACTIONS = ['read', 'vread', 'search', 'history', 'create', 'update', 'patch', 'delete'] as const;
export type Interaction = (typeof INTERACTIONS)[number];
/** An interaction as asked: for policies the history of a type is that of a resource, for scopes it is a search. */
export type Asked = Interaction | 'history-type';

/** Permits some interactions with a type: for all rows, or for those that meet all conditions. */
export interface Policy {
  type: Type;
  interactions: readonly Interaction[];
  conditions: readonly Condition[] | 'all';
}

const interactions = fc.oneof(
  { weight: 3, arbitrary: fc.constant(INTERACTIONS) },
  fc.subarray([...INTERACTIONS], { minLength: 1 }),
);

const policyOf = (type: Type): fc.Arbitrary<Policy> =>
  fc.record({
    type: fc.constant(type),
    interactions,
    conditions: fc.oneof(
      { weight: 6, arbitrary: fc.array(fc.constantFrom(...conditionsOf(type)), { minLength: 1, maxLength: 2 }) },
      fc.constant('all' as const),
    ),
  });

const several = (policy: fc.Arbitrary<Policy>) =>
  fc.constantFrom(0, 1, 1, 1, 2).chain((number) => fc.array(policy, { minLength: number, maxLength: number }));

/** Up to two policies per type, usually one. */
export const policies: fc.Arbitrary<Policy[]> = fc
  .tuple(...TYPES.map((type) => several(policyOf(type))))
  .map((each) => each.flat());

/** Converts a policy to an AccessPolicy for the caller. */
export function accessPolicy({ type, interactions: listed, conditions }: Policy, principal: string): object {
  const link = { reference: principal };
  if (conditions !== 'all') {
    const criteria = conditions.map(({ policy }) => policy).join('&');
    return { engine: 'criteria', link: [link], resource: type, interaction: listed, criteria };
  }
  const operations = listed.map((name) => ({ reference: `Operation/${type}.${name}` }));
  return { engine: 'allow', link: [link, ...operations] };
}

/** What the caller may do, evaluated the slow way: row by row and version by version. */
export class Caller implements View {
  readonly #world: World;
  readonly #policies: readonly Policy[];
  readonly #scopes: string;

  constructor(world: World, held: readonly Policy[], scopes: string) {
    this.#world = world;
    this.#policies = held;
    this.#scopes = scopes;
  }

  /** Returns true if the interaction could be permitted for any row. */
  may(type: Type, interaction: Asked): boolean {
    return this.#of(type, interaction).length > 0 && reachOf(this.#scopes, type, interaction) !== 'none';
  }

  /** Returns true if the interaction is permitted for some rows only. */
  isNarrowed(type: Type, interaction: Asked): boolean {
    const isBound = reachOf(this.#scopes, type, interaction) !== 'all';
    return isBound || !this.#of(type, interaction).some(({ conditions }) => conditions === 'all');
  }

  sees(resource: Resource | null | undefined, type: Type, interaction: Asked): boolean {
    if (!this.isNarrowed(type, interaction)) return true;
    const reach = reachOf(this.#scopes, type, interaction);
    if (!resource || reach === 'none' || (reach === 'patient' && !isAboutPatient(resource))) return false;
    return this.#of(type, interaction).some(
      ({ conditions }) => conditions === 'all' || conditions.every((each) => each.holds(resource, this.#world)),
    );
  }

  /** Returns true if a version is visible; a deletion is judged by the version that it ended. */
  seesMoment(moment: Moment, interaction: Asked): boolean {
    return this.sees(judgedBy(moment), moment.entry.type, interaction);
  }

  /** Returns the rows of a type that a search by the caller finds. */
  of(type: Type): Resource[] {
    return this.may(type, 'search') ? this.#world.of(type).filter((each) => this.sees(each, type, 'search')) : [];
  }

  #of(type: Type, asked: Asked): Policy[] {
    const interaction = asked === 'history-type' ? 'history' : asked;
    return this.#policies.filter((policy) => policy.type === type && policy.interactions.includes(interaction));
  }
}
