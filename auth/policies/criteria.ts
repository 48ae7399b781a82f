/** Restricts requests to the results of a search (FHIR R4 §3.1.1), with placeholders for values of the caller. */
import { Failure } from '../../resources/errors.ts';
import { isObject, type JsonObject } from '../../resources/json/value.ts';
import { isEffective } from '../../resources/search/parameters/columns.ts';
import { parseCriterion, typeNamed } from '../../resources/search/parameters/criteria.ts';
import type { Criterion } from '../../resources/search/plan.ts';
import { asksForTerms } from '../../resources/search/terminology/expand.ts';
import { allOf } from './decision.ts';
import { type Compiling, type PolicyContext, type PolicyEngine, PolicyError } from './engine.ts';
import { follow } from './path.ts';
import { literalOf, parseTemplate, type Template, TemplateError } from './template.ts';

const READS = ['read', 'vread', 'search', 'history'];
const WRITES = ['create', 'update', 'patch', 'delete'];
/** Types that define access: a caller restricted to some rows must not write them, whatever the criteria. */
const READ_ONLY = ['Client', 'AccessPolicy'];

/** Permits the resources of a type that match the criteria. */
export const criteria: PolicyEngine = {
  name: 'criteria',
  elements: ['resource', 'interaction', 'criteria'],
  compile(policy, place, compiling) {
    const type = typeOf(policy, place, compiling);
    const operations = new Set(interactionsOf(policy, place, type).map((name) => `${type}.${name}`));
    const conditions = conditionsOf(policy, place, type, compiling);
    // Values are counted when the policy is written, and a request parses no more of them.
    const { registry, base, clock } = compiling;
    const report = whenNew((problem) => compiling.report(`matches nothing by ${place}.criteria: ${problem}`));
    return (request) => {
      const seen = request();
      const { operation } = seen;
      if (!isObject(operation) || !operations.has(String(operation['id']))) return false;
      return allOf(conditions, (condition) => {
        const criterion = bind(condition, type, seen, { registry, base, clock });
        return criterion === undefined ? false : silent(criterion, report);
      });
    };
  },
};

/**
 * Makes a criterion match nothing if its terminology cannot be read. An error would reveal the policy to callers, and
 * block other policies.
 */
function silent(criterion: Criterion, report: (problem: string) => void): Criterion {
  return asksForTerms(criterion) ? { test: 'silent', of: criterion, report } : criterion;
}

/** Reports a problem only if it differs from the last one, because every request meets the same problem. */
function whenNew(report: (problem: string) => void): (problem: string) => void {
  let last: string | undefined;
  return (problem) => {
    if (problem !== last) report(problem);
    last = problem;
  };
}

function typeOf({ resource }: JsonObject, place: string, { registry }: Compiling): string {
  if (typeof resource === 'string' && registry.get(resource) !== undefined) return resource;
  throw new PolicyError(`${place}.resource`, 'A criteria policy must name its resource type in resource.');
}

function interactionsOf({ interaction }: JsonObject, place: string, type: string): string[] {
  const possible = READ_ONLY.includes(type) ? READS : [...READS, ...WRITES];
  if (interaction === undefined) return possible;
  const listed = Array.isArray(interaction) ? interaction.filter((each) => typeof each === 'string') : [];
  const allowed = listed.length > 0 && Array.isArray(interaction) && listed.length === interaction.length;
  if (allowed && listed.every((each) => possible.includes(each))) return listed;
  throw new PolicyError(`${place}.interaction`, `interaction must list some of ${possible.join(', ')} for ${type}.`);
}

/** What criteria are parsed with. */
type Understanding = PolicyContext & Pick<Compiling, 'count'>;

/** One parameter of the search expression. */
interface Condition {
  name: string;
  template: Template;
  /** For each placeholder, true if its value may start with a comparison prefix (`ge`). */
  ordered: boolean[];
}

function conditionsOf(policy: JsonObject, place: string, type: string, context: Understanding): Condition[] {
  const text = policy['criteria'];
  const pairs = typeof text === 'string' ? [...new URLSearchParams(text)] : [];
  const at = `${place}.criteria`;
  if (pairs.length === 0) {
    throw new PolicyError(
      at,
      'A criteria policy must have a search expression, such as organization=Organization/{{user.data.org}}.',
    );
  }
  return pairs.map(([name, value]) => {
    try {
      return compileCondition(name, value, type, context);
    } catch (error) {
      if (!(error instanceof Failure || error instanceof TemplateError)) throw error;
      throw new PolicyError(at, error.message);
    }
  });
}

/** Placeholder values for the check of a policy when it is written. At least one is valid wherever a placeholder is. */
const SAMPLES = ['2000', '01'];

function compileCondition(name: string, value: string, type: string, context: Understanding): Condition {
  const template = parseTemplate(value);
  if (name.includes('{{')) throw new TemplateError('A placeholder is allowed in a value, not in a parameter name');
  const understands = (literals: string[]) => understand(name, template.fill(literals), type, context);
  const samples = SAMPLES.map((sample) => template.paths.map(() => sample));
  const sample = samples.find((literals) => isUnderstood(() => understands(literals))) ?? samples[0] ?? [];
  // If neither is valid, the first gives the error message.
  const criterion = understands(sample);
  if (!criterion || !isEffective(criterion)) throw new TemplateError(`${name} does not restrict the search`);
  const ordered = sample.map((_, index) => !isUnderstood(() => understands(sample.with(index, 'x'))));
  return { name, template, ordered };
}

function isUnderstood(parse: () => Criterion | undefined): boolean {
  try {
    return parse() !== undefined;
  } catch (error) {
    if (error instanceof Failure) return false;
    throw error;
  }
}

function understand(name: string, value: string, type: string, context: Understanding): Criterion | undefined {
  const { registry, base, clock, count } = context;
  const options = { base, now: clock(), ...(count && { count }) };
  return parseCriterion(registry, typeNamed(registry, type), options, name, value);
}

/** Returns the criterion for one request; undefined if a value of the caller is missing or invalid here. */
function bind(
  { name, template, ordered }: Condition,
  type: string,
  seen: JsonObject,
  context: PolicyContext,
): Criterion | undefined {
  const literals = template.paths.map((path) => literalOf(follow(seen, path)));
  const known = literals.filter((literal) => literal !== undefined);
  if (known.length < literals.length) return undefined;
  // A value that starts with a letter would be read as a comparison prefix.
  if (known.some((literal, index) => ordered[index] && /^\s*\p{L}/u.test(literal))) return undefined;
  try {
    return understand(name, template.fill(known), type, context);
  } catch (error) {
    if (error instanceof Failure) return undefined;
    throw error;
  }
}
