/** Policies of one caller, and what they come to: whoever may see a row by any of them may see it. */
import fc from 'fast-check';
import { type Condition, conditionsOf } from './conditions.ts';
import { isAboutPatient, reachOf } from './scopes.ts';
import { judgedBy, type Moment, type Resource, TYPES, type Type, type View, type World } from './world.ts';

const INTERACTIONS = ['read', 'vread', 'search', 'history', 'create', 'update', 'patch', 'delete'] as const;
export type Interaction = (typeof INTERACTIONS)[number];
/** What a caller asks for: the history of a type is that of a resource to policies, and a search to scopes. */
export type Asked = Interaction | 'history-type';

/** Lets the caller do some interactions with a type: for all rows, or for those that meet all conditions. */
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

/** Up to two policies a type, and mostly one. */
export const policies: fc.Arbitrary<Policy[]> = fc
  .tuple(...TYPES.map((type) => several(policyOf(type))))
  .map((each) => each.flat());

/** A policy as an AccessPolicy for the caller. */
export function accessPolicy({ type, interactions: listed, conditions }: Policy, principal: string): object {
  const link = { reference: principal };
  if (conditions !== 'all') {
    const criteria = conditions.map(({ policy }) => policy).join('&');
    return { engine: 'criteria', link: [link], resource: type, interaction: listed, criteria };
  }
  const operations = listed.map((name) => ({ reference: `Operation/${type}.${name}` }));
  return { engine: 'allow', link: [link, ...operations] };
}

/** What the caller may do, the slow way: each row and each version asked by itself. */
export class Caller implements View {
  readonly #world: World;
  readonly #policies: readonly Policy[];
  readonly #scopes: string;

  constructor(world: World, held: readonly Policy[], scopes: string) {
    this.#world = world;
    this.#policies = held;
    this.#scopes = scopes;
  }

  /** True where there is any row for which the interaction could be permitted. */
  may(type: Type, interaction: Asked): boolean {
    return this.#of(type, interaction).length > 0 && reachOf(this.#scopes, type, interaction) !== 'none';
  }

  /** True where some rows alone are permitted. */
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

  /** True where a version may be seen, a deletion by what it ended. */
  seesMoment(moment: Moment, interaction: Asked): boolean {
    return this.sees(judgedBy(moment), moment.entry.type, interaction);
  }

  /** The rows of a type that the caller's own search finds. */
  of(type: Type): Resource[] {
    return this.may(type, 'search') ? this.#world.of(type).filter((each) => this.sees(each, type, 'search')) : [];
  }

  #of(type: Type, asked: Asked): Policy[] {
    const interaction = asked === 'history-type' ? 'history' : asked;
    return this.#policies.filter((policy) => policy.type === type && policy.interactions.includes(interaction));
  }
}
