import type { Engine } from '../../resources/engine.ts';
import { isObject, type JsonObject } from '../../resources/json/value.ts';
import { compartmentCriterion } from '../../resources/search/compartment.ts';
import type { Criterion } from '../../resources/search/plan.ts';
import { Denial } from '../errors.ts';
import { type Principal, principalName } from '../principal.ts';
import { scopedOperation, scopeFor, tokenReach } from '../scopes/smart-scopes.ts';
import { findStored, referenceOf } from '../stored.ts';
import { patientOf } from '../tokens/signed-in.ts';
import type { CompiledPolicy } from './compile.ts';
import { allOf, anyOf, type Decision } from './decision.ts';
import type { PolicyContext } from './engine.ts';
import type { Policies, PolicySet } from './policies.ts';
import { type AccessRequest, requestObject } from './request-object.ts';

/** Judges one request by the policies that were in force when it began. */
export interface Judgement {
  /** Returns the request with its stored resource, which is read only if an applicable policy looks at it. */
  complete(request: AccessRequest): Promise<AccessRequest>;
  /** Throws a Denial if no policy, or the token's scopes, could permit any request for an operation. */
  requireChance(principal: Principal, operation: string): void;
  /** Returns true if the policies permit the request for all rows, and the token's scopes do too. */
  permits(request: AccessRequest): boolean;
  /**
   * Returns the rows for which the policies permit a request: the criteria that they must meet, empty for all rows.
   * Throws a Denial if there are none: 401 for an anonymous caller, else 403. It reveals neither policies nor
   * resources.
   */
  require(request: AccessRequest): Criterion[];
}

export interface Access {
  /** Begins a judgement: everything in one request is judged by the same policies. */
  begin(): Promise<Judgement>;
}

/**
 * Creates access control: one policy that permits a request is enough, for all or for some rows. Without one it is
 * denied.
 */
export function createAccess(options: PolicyContext & { engine: Engine; policies: Policies }): Access {
  const { engine, policies, ...context } = options;
  return { begin: async () => new PolicyJudgement(engine, context, await policies.inForce()) };
}

/** A judgement by one set of policies. */
class PolicyJudgement implements Judgement {
  readonly #engine: Engine;
  readonly #context: PolicyContext;
  readonly #inForce: PolicySet;

  constructor(engine: Engine, context: PolicyContext, inForce: PolicySet) {
    this.#engine = engine;
    this.#context = context;
    this.#inForce = inForce;
  }

  async complete(request: AccessRequest): Promise<AccessRequest> {
    const { type, id } = request;
    if (type === undefined || id === undefined) return request;
    if (!applicable(this.#inForce, request).some(({ looksAtResource }) => looksAtResource)) return request;
    const stored = await findStored(this.#engine, type, id);
    return { ...request, resource: stored?.resource, judgedBy: { versionId: stored?.versionId } };
  }

  permits(request: AccessRequest): boolean {
    return withinScope(this.#context, request) === true && decide(this.#inForce, request) === true;
  }

  requireChance(principal: Principal, operation: string): void {
    this.#scope({ principal, operation });
    if (applicable(this.#inForce, { principal, operation }).length === 0) throw refusal({ principal, operation });
  }

  require(request: AccessRequest): Criterion[] {
    const scope = this.#scope(request);
    const decision = allOf([decide(this.#inForce, request), scope], (part) => part);
    if (decision) return decision === true ? [] : [decision];
    throw refusal(request);
  }

  /** Returns what the scopes of the request's token permit. Throws a Denial if that is nothing. */
  #scope(request: Scoped): Decision {
    const scope = withinScope(this.#context, request);
    if (scope === false) throw new Denial('insufficient-scope', request.operation, sufficientScope(request));
    return scope;
  }
}

/** The part of a request that decides which policies apply. */
type Asked = Pick<AccessRequest, 'principal' | 'operation'>;

/** The part of a request that its token's scopes look at. */
type Scoped = Asked & Pick<AccessRequest, 'type' | 'id'>;

function refusal({ principal, operation }: Asked): Denial {
  return new Denial(principal.kind === 'anonymous' ? 'anonymous' : 'forbidden', operation);
}

function decide(inForce: PolicySet, request: AccessRequest): Decision {
  let built: JsonObject | undefined;
  const seen = () => {
    built ??= requestObject(request);
    return built;
  };
  return anyOf(applicable(inForce, request), (policy) => policy.decide(seen));
}

function applicable(inForce: PolicySet, { principal, operation }: Asked): CompiledPolicy[] {
  return inForce.applicable(principalsOf(principal), operation);
}

/**
 * Returns a principal's names in policies. A User is judged by its own policies and those of its roles, not by its
 * Client's.
 */
function principalsOf(principal: Principal): string[] {
  if (principal.kind === 'anonymous') return [];
  if (principal.kind === 'client') return [principalName(principal)];
  const { roles } = principal.user;
  const named = Array.isArray(roles) ? roles.filter(isObject).map(({ value }) => value) : [];
  const held = named.filter((value) => typeof value === 'string');
  return [principalName(principal), ...new Set(held.map((role) => `Role/${role}`))];
}

/** Returns the scope that would have sufficed (RFC 6750 §3.1). */
function sufficientScope({ principal, operation, id }: Scoped): string | undefined {
  return scopeFor(principal.kind === 'user' ? 'user' : 'system', scopedOperation(operation, id));
}

/**
 * Returns what a token's SMART scopes permit. Patient scopes restrict it to the compartment of the Session's patient;
 * without such a patient, they permit nothing.
 */
function withinScope(context: PolicyContext, request: Scoped): Decision {
  const { principal, operation, id } = request;
  const token = principal.kind === 'anonymous' ? undefined : principal.token;
  if (!token || readsOwnRecord(request, token.record.scope)) return true;
  const reach = tokenReach(token.boundBy, token.record.scope, scopedOperation(operation, id));
  if (reach !== 'patient') return reach === 'anywhere';
  const patient = patientOf(token.session.resource);
  const [type = ''] = operation.split('.');
  return patient === undefined ? false : inCompartment(context, { of: 'Patient', id: patient }, type);
}

/**
 * Returns true for the read of the User's own record with the `fhirUser` scope
 * (https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html#scopes-for-requesting-identity-data).
 */
function readsOwnRecord({ principal, operation, type, id }: Scoped, scope: readonly string[]): boolean {
  if (!scope.includes('fhirUser') || principal.kind !== 'user' || operation !== `${type}.read`) return false;
  return referenceOf(principal.user['fhirUser']) === `${type}/${id}`;
}

/** Returns the criterion for a type's resources in a compartment; `false` if the type is not part of it. */
function inCompartment(
  { registry, base, clock }: PolicyContext,
  compartment: { of: string; id: string },
  type: string,
): Decision {
  return compartmentCriterion(registry, { base, now: clock() }, compartment, type) ?? false;
}
