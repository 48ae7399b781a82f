import type { Clock } from '../../resources/clock.ts';
import type { JsonObject } from '../../resources/json/value.ts';
import type { Registry } from '../../resources/registry.ts';
import type { Decision } from './decision.ts';

/** Decides on a request: the object that policies see, which is built when the first of them looks at it. */
export type Decide = (request: () => JsonObject) => Decision;

/** What policies are understood with. */
export interface PolicyContext {
  registry: Registry;
  /** The server's own address, without a trailing slash: references to it are local ones. */
  base: string;
  clock: Clock;
}

/** What an engine compiles a policy with. */
export interface Compiling extends PolicyContext {
  /** Compiles a part of the policy that stands at `place`. */
  nested(part: JsonObject, place: string): Decide;
  /** Told of what keeps a policy in force from saying yes, for the operator: callers never hear of it. */
  report(problem: string): void;
}

/** A way for a policy to decide. */
export interface PolicyEngine {
  /** The value of `AccessPolicy.engine`. */
  name: string;
  /** The elements of a policy that it reads; what another reads is a mistake beside it. */
  elements: readonly string[];
  /** True where a policy that can be compiled looks at the stored resource, which is read for such policies alone. */
  looksAtResource?(policy: JsonObject): boolean;
  /**
   * Compiles a policy, or a part of a complex one that stands at `place` (FHIRPath). Throws a PolicyError.
   */
  compile(policy: JsonObject, place: string, compiling: Compiling): Decide;
}

/** A policy that cannot be meant as it is written. */
export class PolicyError extends Error {
  /** FHIRPath of the place. */
  readonly place: string;

  constructor(place: string, message: string) {
    super(message);
    this.name = 'PolicyError';
    this.place = place;
  }
}

/** A request that a policy cannot judge within its bounds: the policy as a whole says no, even under a negation. */
export class Undecided extends Error {}
