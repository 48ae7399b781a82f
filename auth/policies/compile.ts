import type { Issue } from '../../resources/errors.ts';
import type { JsonObject } from '../../resources/json/value.ts';
import { referenceOf } from '../stored.ts';
import { type Compiling, type Decide, type PolicyContext, PolicyError, Undecided } from './engine.ts';
import { POLICY_ENGINES } from './registry.ts';

/** A policy ready to judge requests. */
export interface CompiledPolicy {
  /** `Client/x`, `User/x`, `Role/x`: whose requests it judges; undefined means everyone's, the anonymous too. */
  principals: ReadonlySet<string> | undefined;
  /** Operation ids it judges; undefined means all. */
  operations: ReadonlySet<string> | undefined;
  /** True where it looks at the stored resource that the request concerns. */
  looksAtResource: boolean;
  /** Never throws: a policy that fails says no, and the others are still asked. */
  decide: Decide;
}

const DEEPEST = 10;
const INTERACTIONS = 'read|vread|search|create|update|patch|delete|history|validate';
const OPERATION = new RegExp(`^(?:[A-Z][A-Za-z]*\\.(?:${INTERACTIONS})|introspect|metrics|keys|rotate-keys)$`);
const PRINCIPAL = /^(Client|User|Role)\/.+$/;

/**
 * Compiles an AccessPolicy; `report` is told once where it fails on a request, and where its criteria cannot be read.
 * Throws a PolicyError for one that cannot be meant as it is written.
 */
export function compilePolicy(
  policy: JsonObject,
  context: PolicyContext,
  report: (problem: string) => void = () => undefined,
): CompiledPolicy {
  const { principals, operations } = linksOf(policy);
  const found = { looksAtResource: false };
  const decide = guarded(compilePart(policy, 'AccessPolicy', 1, { ...context, found, report }), report);
  return { principals, operations, ...found, decide };
}

/** What is wrong with an AccessPolicy; nothing where it can be used. */
export function policyIssues(policy: JsonObject, context: PolicyContext): Issue[] {
  try {
    compilePolicy(policy, context);
    return [];
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    return [{ severity: 'error', code: 'business-rule', diagnostics: error.message, expression: [error.place] }];
  }
}

/** What the parts of one policy are compiled with, and what is found of them together. */
interface Compilation extends Omit<Compiling, 'nested'> {
  found: { looksAtResource: boolean };
}

function compilePart(part: JsonObject, place: string, depth: number, compilation: Compilation): Decide {
  if (depth > DEEPEST) throw new PolicyError(place, `Policies may be nested at most ${DEEPEST} deep.`);
  const engine = POLICY_ENGINES.find(({ name }) => name === part['engine']);
  if (engine) {
    const nested = (inner: JsonObject, at: string) => compilePart(inner, at, depth + 1, compilation);
    refuseUnusedCriteria(part, place, engine.name);
    const decide = engine.compile(part, place, { ...compilation, nested });
    if (engine.looksAtResource?.(part)) compilation.found.looksAtResource = true;
    return decide;
  }
  const names = POLICY_ENGINES.map(({ name }) => name).join(', ');
  throw new PolicyError(`${place}.engine`, `The engine must be one of ${names}.`);
}

/** Whoever writes criteria means to narrow: an engine that passes over them would open what they were to keep shut. */
function refuseUnusedCriteria(part: JsonObject, place: string, engine: string): void {
  if (engine === 'criteria' || part['criteria'] === undefined) return;
  throw new PolicyError(`${place}.criteria`, `The engine ${engine} knows no criteria: use the engine criteria.`);
}

function linksOf(policy: JsonObject): Pick<CompiledPolicy, 'principals' | 'operations'> {
  const links = policy['link'];
  if (links === undefined) return { principals: undefined, operations: undefined };
  if (!Array.isArray(links) || links.length === 0) {
    throw new PolicyError('AccessPolicy.link', 'link must name someone; leave it out to mean everyone.');
  }
  const principals = new Set<string>();
  const operations = new Set<string>();
  for (const [at, link] of links.entries()) {
    const reference = referenceOf(link) ?? '';
    const operation = reference.startsWith('Operation/') ? reference.slice('Operation/'.length) : undefined;
    if (operation !== undefined && OPERATION.test(operation)) operations.add(operation);
    else if (PRINCIPAL.test(reference)) principals.add(reference);
    else {
      const message = 'A link names a Client, a User, a Role or an Operation such as Patient.search.';
      throw new PolicyError(`AccessPolicy.link[${at}]`, message);
    }
  }
  return {
    principals: principals.size === 0 ? undefined : principals,
    operations: operations.size === 0 ? undefined : operations,
  };
}

/** A policy that cannot decide says no. What it throws must not keep the others from being asked. */
function guarded(decide: Decide, report: (problem: string) => void): Decide {
  let reported = false;
  return (request) => {
    try {
      return decide(request);
    } catch (error) {
      if (!(error instanceof Undecided) && !reported) {
        reported = true;
        report(`fails on requests, and says no to them: ${String(error)}`);
      }
      return false;
    }
  };
}
