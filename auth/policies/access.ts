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

/** A judgement by the policies as they were when it was begun. */
export interface Judgement {
  /** The request with the stored resource that it concerns, which is read where a policy looks at it. */
  complete(request: AccessRequest): Promise<AccessRequest>;
  /** Throws a Denial where no policy, or the token's scopes, could let a request for an operation pass. */
  requireChance(principal: Principal, operation: string): void;
  /** True where the policies let a request pass as it is, and its token's scopes do not stand against it. */
  permits(request: AccessRequest): boolean;
  /**
   * The rows for which the policies let a request pass: the criteria that they must meet, none where all will do.
   * Throws a Denial where there are none: 401 for the anonymous, else 403. It tells neither policy nor resource.
   */
  require(request: AccessRequest): Criterion[];
}

export interface Access {
  /** Begins to judge: all that one request touches is judged by the same policies. */
  begin(): Promise<Judgement>;
}

/** Judges requests: any policy that says yes is enough, to all or to some rows, and without one the answer is no. */
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

  /** What the scopes of a request's token permit. Throws a Denial where that is nothing. */
  #scope(request: Scoped): Decision {
    const scope = withinScope(this.#context, request);
    if (scope === false) throw new Denial('insufficient-scope', request.operation, sufficientScope(request));
    return scope;
  }
}

/** What of a request says which policies apply to it. */
type Asked = Pick<AccessRequest, 'principal' | 'operation'>;

/** What of it the scopes of its token look at. */
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

/** How policies name a principal. A User is judged by its own policies and its roles', not by its Client's. */
function principalsOf(principal: Principal): string[] {
  if (principal.kind === 'anonymous') return [];
  if (principal.kind === 'client') return [principalName(principal)];
  const { roles } = principal.user;
  const named = Array.isArray(roles) ? roles.filter(isObject).map(({ value }) => value) : [];
  const held = named.filter((value) => typeof value === 'string');
  return [principalName(principal), ...new Set(held.map((role) => `Role/${role}`))];
}

/** What a token of the same caller would need instead, as far as scopes go (RFC 6750 §3.1). */
function sufficientScope({ principal, operation, id }: Scoped): string | undefined {
  return scopeFor(principal.kind === 'user' ? 'user' : 'system', scopedOperation(operation, id));
}

/**
 * A token stays within what its scopes of SMART permit. What is permitted about a patient alone is narrowed to the
 * compartment of the patient in the Session; without one that is nothing.
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
 * True for the read of the record that a person is, by a token with the scope that asks for it
 * (https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html#scopes-for-requesting-identity-data).
 */
function readsOwnRecord({ principal, operation, type, id }: Scoped, scope: readonly string[]): boolean {
  if (!scope.includes('fhirUser') || principal.kind !== 'user' || operation !== `${type}.read`) return false;
  return referenceOf(principal.user['fhirUser']) === `${type}/${id}`;
}

/** The resources of a type in a compartment: `false` where the type has no part in it. */
function inCompartment(
  { registry, base, clock }: PolicyContext,
  compartment: { of: string; id: string },
  type: string,
): Decision {
  return compartmentCriterion(registry, { base, now: clock() }, compartment, type) ?? false;
}
