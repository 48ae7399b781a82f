import type { Issue } from '../../resources/errors.ts';
import { renderJson } from '../../resources/json/render.ts';
import type { JsonObject } from '../../resources/json/value.ts';
import { counting } from '../../resources/search/parameters/extent.ts';
import { referenceOf } from '../stored.ts';
import {
  type Compiling,
  type Decide,
  type PolicyContext,
  type PolicyEngine,
  PolicyError,
  Undecided,
} from './engine.ts';
import { POLICY_ENGINES } from './registry.ts';

/** A compiled policy. */
export interface CompiledPolicy {
  /**
   * The principals whose requests it judges: `Client/x`, `User/x`, `Role/x`. Undefined means everyone, including
   * anonymous callers.
   */
  principals: ReadonlySet<string> | undefined;
  /** The ids of the operations that it judges; undefined means all. */
  operations: ReadonlySet<string> | undefined;
  /** True if it looks at the stored resource of a request. */
  looksAtResource: boolean;
  /** Never throws. A policy that fails denies, and the others are still asked. */
  decide: Decide;
}

const DEEPEST = 10;
const INTERACTIONS = 'read|vread|search|create|update|patch|delete|history|validate';
const OPERATION = new RegExp(`^(?:[A-Z][A-Za-z]*\\.(?:${INTERACTIONS})|introspect|metrics|keys|rotate-keys)$`);
const PRINCIPAL = /^(Client|User|Role)\/.+$/;

/** The engine that reads an element. */
const READER_OF = new Map(POLICY_ENGINES.flatMap(({ name, elements }) => elements.map((element) => [element, name])));
/** The elements of a part that no engine reads. */
const OF_ANY_PART = ['engine', 'description'];

/**
 * Compiles an AccessPolicy. `report` is called once if it fails on a request, and if its criteria cannot be evaluated.
 * Throws a PolicyError for a policy that cannot be used as written.
 */
export function compilePolicy(
  policy: JsonObject,
  context: PolicyContext,
  report: (problem: string) => void = () => undefined,
): CompiledPolicy {
  return compile(policy, { ...context, report, written: false });
}

function compile(policy: JsonObject, setting: Omit<Compilation, 'found'>): CompiledPolicy {
  const { principals, operations } = linksOf(policy);
  const found = { looksAtResource: false };
  const decide = guarded(compilePart(policy, 'AccessPolicy', 1, { ...setting, found }), setting.report);
  return { principals, operations, ...found, decide };
}

/** Characters of JSON in a policy that is written: each node compiles all of it at once. */
const LONGEST_POLICY = 32_768;

/** Returns the issues of an AccessPolicy that is being written; empty if it can be used. */
export function policyIssues(policy: JsonObject, context: PolicyContext): Issue[] {
  try {
    if (renderJson(policy).length > LONGEST_POLICY) {
      throw new PolicyError('AccessPolicy', `A policy can have at most ${LONGEST_POLICY} characters: split it.`);
    }
    compile(policy, { ...context, report: () => undefined, written: true, count: counting() });
    return [];
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    return [{ severity: 'error', code: 'business-rule', diagnostics: error.message, expression: [error.place] }];
  }
}

/** What the parts of one policy are compiled with, and what was found in them. */
interface Compilation extends Omit<Compiling, 'nested'> {
  /** True when a policy is written. For one already stored, elements that are refused today are ignored. */
  written: boolean;
  found: { looksAtResource: boolean };
}

function compilePart(part: JsonObject, place: string, depth: number, compilation: Compilation): Decide {
  if (depth > DEEPEST) throw new PolicyError(place, `Policies can be nested at most ${DEEPEST} levels deep.`);
  const engine = POLICY_ENGINES.find(({ name }) => name === part['engine']);
  if (engine) {
    const nested = (inner: JsonObject, at: string) => compilePart(inner, at, depth + 1, compilation);
    refuseUnread(part, place, engine, compilation.written);
    const decide = engine.compile(part, place, { ...compilation, nested });
    if (engine.looksAtResource?.(part)) compilation.found.looksAtResource = true;
    return decide;
  }
  const names = POLICY_ENGINES.map(({ name }) => name).join(', ');
  throw new PolicyError(`${place}.engine`, `The engine must be one of ${names}.`);
}

/** Refuses elements that the engine does not read. They are meant as restrictions: ignoring them would open access. */
function refuseUnread(part: JsonObject, place: string, { name, elements }: PolicyEngine, written: boolean): void {
  // The elements of a whole policy are checked by its structure; parts have none.
  const isPart = place !== 'AccessPolicy';
  for (const element of Object.keys(part)) {
    if (elements.includes(element) || !(written || element === 'criteria')) continue;
    const reader = READER_OF.get(element);
    if (reader !== undefined) {
      const remedy = `use the engine ${reader}, or omit it`;
      throw new PolicyError(`${place}.${element}`, `The engine ${name} does not support ${element}: ${remedy}.`);
    }
    if (isPart && !OF_ANY_PART.includes(element)) {
      throw new PolicyError(`${place}.${element}`, `${element} is not allowed in a part of a policy: omit it.`);
    }
  }
}

function linksOf(policy: JsonObject): Pick<CompiledPolicy, 'principals' | 'operations'> {
  const links = policy['link'];
  if (links === undefined) return { principals: undefined, operations: undefined };
  if (!Array.isArray(links) || links.length === 0) {
    throw new PolicyError('AccessPolicy.link', 'link must not be empty; omit it to mean everyone.');
  }
  const principals = new Set<string>();
  const operations = new Set<string>();
  for (const [at, link] of links.entries()) {
    const reference = referenceOf(link) ?? '';
    const operation = reference.startsWith('Operation/') ? reference.slice('Operation/'.length) : undefined;
    if (operation !== undefined && OPERATION.test(operation)) operations.add(operation);
    else if (PRINCIPAL.test(reference)) principals.add(reference);
    else {
      const message = 'A link must name a Client, a User, a Role or an Operation such as Patient.search.';
      throw new PolicyError(`AccessPolicy.link[${at}]`, message);
    }
  }
  return {
    principals: principals.size === 0 ? undefined : principals,
    operations: operations.size === 0 ? undefined : operations,
  };
}

/** Makes a policy that fails deny, so that its error does not keep other policies from being asked. */
function guarded(decide: Decide, report: (problem: string) => void): Decide {
  let reported = false;
  return (request) => {
    try {
      return decide(request);
    } catch (error) {
      if (!(error instanceof Undecided) && !reported) {
        reported = true;
        report(`fails on requests, and denies them: ${String(error)}`);
      }
      return false;
    }
  };
}
