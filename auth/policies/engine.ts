import type { Clock } from '../../resources/clock.ts';
import type { JsonObject } from '../../resources/json/value.ts';
import type { Registry } from '../../resources/registry.ts';
import type { Decision } from './decision.ts';

/** Decides on a request. The request object that policies see is built when the first of them calls `request`. */
export type Decide = (request: () => JsonObject) => Decision;

/** The context in which policies are compiled. */
export interface PolicyContext {
  registry: Registry;
  /** The server's own address, without a trailing slash. References to it are local. */
  base: string;
  clock: Clock;
}

/** What an engine compiles a policy with. */
export interface Compiling extends PolicyContext {
  /** Compiles a part of the policy, located at `place`. */
  nested(part: JsonObject, place: string): Decide;
  /** Reports to the operator why a policy in force cannot permit; callers never see it. */
  report(problem: string): void;
  /** Receives each value of criteria before it is parsed, while the policy is written. Throws if there are too many. */
  count?: (value: string) => void;
}

/** A policy engine. */
export interface PolicyEngine {
  /** The value of `AccessPolicy.engine`. */
  name: string;
  /** The elements of a policy that it reads. An element of another engine is an error. */
  elements: readonly string[];
  /** Returns true if a policy looks at the stored resource, which is read only for such policies. */
  looksAtResource?(policy: JsonObject): boolean;
  /** Compiles a policy, or a part of a complex one, located at `place` (FHIRPath). Throws a PolicyError. */
  compile(policy: JsonObject, place: string, compiling: Compiling): Decide;
}

/** A policy that cannot be used as written. */
export class PolicyError extends Error {
  /** The FHIRPath of the error. */
  readonly place: string;

  constructor(place: string, message: string) {
    super(message);
    this.name = 'PolicyError';
    this.place = place;
  }
}

/** Thrown if a request exceeds the bounds of a policy: the whole policy denies, even inside a negation. */
export class Undecided extends Error {}
