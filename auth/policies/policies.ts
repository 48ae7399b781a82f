import type { Engine, Version } from '../../resources/engine.ts';
import { keptWhileUnchanged } from '../look-up.ts';
import { storedOf } from '../stored.ts';
import { type CompiledPolicy, compilePolicy } from './compile.ts';
import { type PolicyContext, PolicyError } from './engine.ts';

/** The policies that are in force. */
export interface Policies {
  /** Returns the current policies. */
  inForce(): Promise<PolicySet>;
}

/** An immutable set of policies: everything in one request is judged by the same set. */
export interface PolicySet {
  /** Returns the policies for requests of these principals (`Client/x`, `User/x`, `Role/x`) for an operation. */
  applicable(principals: readonly string[], operation: string): CompiledPolicy[];
}

interface Compiled {
  text: string | null;
  policy: CompiledPolicy | undefined;
}

/** What policies are read and compiled with. */
export interface PoliciesOptions extends PolicyContext {
  engine: Engine;
  /** Reports a policy that can no longer be used. */
  report(problem: string): void;
}

/** Caches the compiled policies, and reads them again when one may have changed. */
export function createPolicies(options: PoliciesOptions): Policies {
  const { engine } = options;
  const compiled = new Map<string, Compiled>();

  /**
   * Compiles each version of a policy once. One that no longer compiles permits nothing. Versions are compared by their
   * text: after a failover that lost commits, a different version may have the same number.
   */
  function compileOnce(version: Version): CompiledPolicy | undefined {
    const known = compiled.get(version.id);
    if (known?.text === version.text) return known.policy;
    const policy = compileStored(version, options);
    compiled.set(version.id, { text: version.text, policy });
    return policy;
  }

  async function load(): Promise<PolicySet> {
    const versions = await allPolicies(engine);
    const present = new Set(versions.map(({ id }) => id));
    for (const id of compiled.keys()) if (!present.has(id)) compiled.delete(id);
    return policySet(versions.map(compileOnce).filter((each) => each !== undefined));
  }

  return { inForce: keptWhileUnchanged(engine, 'AccessPolicy', load) };
}

/** Indexes policies by the principals that they are linked to. */
function policySet(policies: readonly CompiledPolicy[]): PolicySet {
  const everyone: CompiledPolicy[] = [];
  const byPrincipal = new Map<string, CompiledPolicy[]>();
  for (const policy of policies) {
    if (!policy.principals) everyone.push(policy);
    for (const principal of policy.principals ?? []) {
      byPrincipal.set(principal, [...(byPrincipal.get(principal) ?? []), policy]);
    }
  }
  return {
    applicable(principals, operation) {
      const found: CompiledPolicy[] = [];
      const choose = (linked: readonly CompiledPolicy[]) => {
        for (const policy of linked) if (policy.operations?.has(operation) ?? true) found.push(policy);
      };
      choose(everyone);
      for (const principal of principals) choose(byPrincipal.get(principal) ?? []);
      return found;
    },
  };
}

function compileStored(version: Version, options: PoliciesOptions): CompiledPolicy | undefined {
  const stored = storedOf(version);
  if (!stored) return undefined;
  try {
    return compilePolicy(stored.resource, options, (problem) => {
      options.report(`AccessPolicy/${version.id} ${problem}`);
    });
  } catch (error) {
    // An error in one policy must not affect the others.
    const problem = error instanceof PolicyError ? `${error.place}: ${error.message}` : String(error);
    options.report(`AccessPolicy/${version.id} is ignored: ${problem}`);
    return undefined;
  }
}

async function allPolicies(engine: Engine): Promise<Version[]> {
  const versions: Version[] = [];
  for await (const page of engine.every('AccessPolicy')) versions.push(...page);
  return versions;
}
