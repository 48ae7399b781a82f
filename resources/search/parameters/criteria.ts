import type { RowFilter, Rows } from '../../access.ts';
import type { ResourceDefinition } from '../../definition.ts';
import { Failure } from '../../errors.ts';
import { isId } from '../../validate/primitives.ts';
import { type Parameter, type SearchType, searchType } from '../index/extract.ts';
import type { Definitions } from '../index/paths.ts';
import { escaped, isEmpty, splitEscaped, unescaped } from '../index/text.ts';
import { BadValue } from '../kinds/kind.ts';
import { localId } from '../kinds/reference.ts';
import { conceptOf, isImplied, isMediaType } from '../kinds/token.ts';
import type { Criterion, TermCriterion } from '../plan.ts';
import { COLUMNS, parseColumn } from './columns.ts';
import { hierarchiesOf, modifiersOf, parseAlong } from './hierarchy.ts';
import { type Naming, namings } from './naming.ts';
import { asked, oneOf, presence } from './own-rows.ts';
import { alternatives, explained, isMissing, quoted } from './values.ts';

/** Options for parsing a search. */
export interface SearchOptions {
  /** The server's base URL without a trailing slash: references to it are local. */
  base: string;
  /** Milliseconds since the epoch. */
  now: number;
  /** Ignores unknown parameters with a warning (`Prefer: handling=lenient`). */
  lenient?: boolean;
  /**
   * Returns what the caller may see of a type: for the searched type and each type that a chain or `_has` uses. Throws
   * `forbidden` if that is nothing.
   */
  rows?: RowFilter;
  /** Overrides `rows` for the searched type, if policies judged this search itself. */
  ownRows?: Rows;
  /** Receives each value before it is parsed, once for each type of a chain. Throws if there are too many. */
  count?: (value: string) => void;
  /** A further bound on the matches, such as a compartment; it does not apply to included resources. */
  within?: Criterion | undefined;
}

/** The context of a parameter: a type, and the depth of chaining. */
interface Scope {
  definitions: Definitions;
  type: SearchType;
  options: SearchOptions;
  depth: number;
}

const DEEPEST_CHAIN = 4;
/** Maximum number of types in an error message. */
const MOST_NAMED = 10;

/** Returns the compiled type with the name in a parameter. Throws a `parameter` Failure. */
export function typeNamed(definitions: Definitions, name: string): SearchType {
  const definition: ResourceDefinition | undefined = definitions.resource(name);
  if (definition === undefined) throw new Failure('parameter', `There is no resource type ${quoted(name)}.`);
  return searchType(definitions, definition);
}

/**
 * Parses one parameter: `name`, `name:modifier`, a chain (`subject:Patient.name`) or `_has:…` (FHIR R4 §3.1.1.4).
 * Undefined if its value is empty: such a parameter is ignored (§3.1.1.1). Throws `unknown-parameter` and `parameter`
 * Failures.
 */
export function parseCriterion(
  definitions: Definitions,
  type: SearchType,
  options: SearchOptions,
  name: string,
  value: string,
): Criterion | undefined {
  if (isEmpty(value)) return undefined;
  return parse({ definitions, type, options, depth: 0 }, name, value);
}

function parse(scope: Scope, name: string, value: string): Criterion {
  if (scope.depth > DEEPEST_CHAIN)
    throw new Failure('parameter', `${name}: a chain can have at most ${DEEPEST_CHAIN} links.`);
  if (name.startsWith('_has:')) return parseHas(scope, name, value);
  const dot = name.indexOf('.');
  if (dot > 0) return parseChain(scope, name.slice(0, dot), name.slice(dot + 1), value);
  scope.options.count?.(value);
  const [code, modifier] = splitName(name);
  if (code === '_list') return parseList(scope, modifier, value);
  const column = COLUMNS.get(code);
  if (column !== undefined) return parseColumn(code, column, modifier, value, scope.options);
  return test(scope, name, parameterOf(scope.type, code), modifier, value);
}

function splitName(name: string): [code: string, modifier: string | undefined] {
  const colon = name.indexOf(':');
  return colon < 0 ? [name, undefined] : [name.slice(0, colon), name.slice(colon + 1)];
}

/** Returns a parameter of a type. Throws `unknown-parameter`, with the list of known ones. */
export function parameterOf(type: SearchType, code: string): Parameter {
  const parameter = type.parameters.get(code);
  if (parameter !== undefined) return parameter;
  const known = [...COLUMNS.keys(), ...type.parameters.keys()].join(', ');
  throw new Failure(
    'unknown-parameter',
    `${type.definition.name} has no search parameter ${quoted(code)}. It has: ${known}.`,
  );
}

function test(
  scope: Scope,
  name: string,
  parameter: Parameter,
  modifier: string | undefined,
  value: string,
): Criterion {
  if (modifier === 'missing') {
    const present = presence(parameter);
    return isMissing(name, value) ? { test: 'not', of: present } : present;
  }
  checkModifier(scope, parameter, modifier);
  if (modifier === 'above' || modifier === 'below') {
    const hierarchies = hierarchiesOf(scope.definitions, parameter, scope.options.base);
    if (hierarchies.size > 0) return parseAlong(scope.options, name, parameter, hierarchies, modifier, value);
    const values = alternatives(name, value);
    const isOfMedia = modifier === 'below' && values.every((each) => isMediaType(each, parameter.types));
    if (parameter.definition.kind === 'token' && !isOfMedia) {
      const concepts = values.map((each) => explained(name, each, () => conceptOf(each)));
      return terms(scope, name, parameter, { concepts, towards: modifier });
    }
  }
  if (modifier === 'in' || modifier === 'not-in') {
    const found = terms(scope, name, parameter, { sets: alternatives(name, value).map(unescaped) });
    return modifier === 'in' ? found : { test: 'not', of: found };
  }
  if (modifier === undefined && isVersioned(scope.type, parameter)) {
    const values = alternatives(name, value).map((each) => splitEscaped(each, '|'));
    if (values.some((parts) => parts.length > 1)) return oneOf(values.map((parts) => ofVersion(scope, parts)));
  }
  const negated = modifier === 'not';
  const context = { base: scope.options.base, now: scope.options.now, modifier: negated ? undefined : modifier };
  const found = asked(name, parameter, context, alternatives(name, value, parameter.kind?.longest));
  return negated ? { test: 'not', of: found } : found;
}

/** Returns true for the `url` of a type whose resources also have a version. */
function isVersioned({ parameters }: SearchType, { code, definition }: Parameter): boolean {
  return code === 'url' && definition.kind === 'uri' && parameters.get('version')?.definition.kind === 'token';
}

/** Parses `url|version` as a search for both (FHIR R4 §3.1.1.4.13). */
function ofVersion(scope: Scope, [url = '', ...version]: string[]): Criterion {
  const own = parse(scope, 'url', url);
  return version.join('') === '' ? own : { test: 'all', of: [own, parse(scope, 'version', version.join('|'))] };
}

/**
 * Returns a criterion that terminology decides. A code system is named by its URL, a value set by its URL or as
 * `ValueSet/id`; each is looked up with the caller's access.
 */
function terms(
  scope: Scope,
  name: string,
  { number: param, types }: Parameter,
  asks: TermCriterion['asks'],
): Criterion {
  const find: TermCriterion['find'] = (of, canonical) => {
    const inside: Scope = { ...scope, type: typeNamed(scope.definitions, of) };
    const rows = scope.options.rows?.(of) ?? [];
    const id = of === 'ValueSet' ? localId(of, canonical, scope.options.base) : undefined;
    if (id !== undefined) return [parse(inside, '_id', id), ...rows];
    const [url = '', version] = canonical.split('|');
    if (url === '') throw new BadValue('use ValueSet/id, url or url|version');
    const pairs = [['url', url] as const, ...(version ? [['version', version] as const] : [])];
    return [...pairs.map(([code, text]) => parse(inside, code, escaped(text))), ...rows];
  };
  return { test: 'term', name, param, implied: isImplied(types), asks, find };
}

function checkModifier({ definitions }: Scope, parameter: Parameter, modifier: string | undefined): void {
  if (modifier === undefined) return;
  const { code } = parameter;
  const known = modifiersOf(definitions, parameter);
  if (modifier !== '[type]' && known.includes(modifier)) return;
  if (known.includes('[type]') && definitions.resource(modifier) !== undefined) return;
  const served = ['missing', ...known].map((each) => `:${each}`).join(', ');
  throw new Failure('unknown-parameter', `${code} has no modifier ${quoted(modifier)}. It has: ${served}.`);
}

/** `subject:Patient.name=…`: the reference must point to a resource that the rest matches (FHIR R4 §3.1.1.4.16). */
function parseChain(scope: Scope, head: string, rest: string, value: string): Criterion {
  const [code, named] = splitName(head);
  const parameter = referenceOf(scope.type, code);
  const targets = named === undefined ? (parameter.definition.targets ?? []) : [named];
  if (named !== undefined) typeNamed(scope.definitions, named);
  const known = targets.filter((target) => scope.definitions.resource(target) !== undefined);
  if (known.length === 0) throw new Failure('parameter', `${code}: specify the type, as in ${code}:Patient.${rest}.`);
  const links: Criterion[] = [];
  const refused: Failure[] = [];
  for (const target of known) {
    try {
      links.push(...chained(scope, parameter, typeNamed(scope.definitions, target), rest, value));
    } catch (error) {
      // If the type is open, the types that have the parameter count.
      if (!(error instanceof Failure && error.code === 'unknown-parameter')) throw error;
      refused.push(error);
    }
  }
  if (links.length === 0) throw unfollowed(refused, code, known, rest);
  return oneOf(links);
}

/** Returns the Failure for a chain that leads nowhere: with the parameters of the type if there is only one. */
function unfollowed([first, ...others]: Failure[], code: string, types: string[], rest: string): Failure {
  if (first !== undefined && others.length === 0) return first;
  const named = types.length > MOST_NAMED ? `${types.slice(0, MOST_NAMED).join(', ')}, …` : types.join(', ');
  const told = `${code} refers to ${named}, none of which has the search parameter ${quoted(rest)}.`;
  return new Failure('unknown-parameter', `${told} For the parameters of one type, specify it: ${code}:${types[0]}.`);
}

/** Returns how a reference can name resources of a type. Throws `parameter` if it cannot. */
function waysTo(scope: Scope, parameter: Parameter, type: SearchType): Naming[] {
  const ways = namings(parameter, type, scope.options.base);
  if (ways.length > 0) return ways;
  const { name } = type.definition;
  throw new Failure('parameter', `${parameter.code} contains canonicals, and a ${name} has no canonical URL.`);
}

function chained(scope: Scope, parameter: Parameter, type: SearchType, rest: string, value: string): Criterion[] {
  const { name } = type.definition;
  const ways = waysTo(scope, parameter, type);
  const criterion = parse({ ...scope, type, depth: scope.depth + 1 }, rest, value);
  const criteria = [criterion, ...(scope.options.rows?.(name) ?? [])];
  return ways.map((naming) => ({ test: 'chain', param: parameter.number, type: name, naming, criteria }));
}

/**
 * `_has:Observation:patient:code=…`: a resource that the rest matches must reference this one (FHIR R4 §3.1.1.4.17).
 */
function parseHas(scope: Scope, name: string, value: string): Criterion {
  const [, from = '', code = '', ...rest] = name.split(':');
  if (from === '' || code === '' || rest.length === 0) {
    throw new Failure('parameter', `${quoted(name)}: use the form _has:Type:reference:parameter.`);
  }
  const type = typeNamed(scope.definitions, from);
  const parameter = referenceOf(type, code);
  const ways = waysTo(scope, parameter, scope.type);
  const criterion = parse({ ...scope, type, depth: scope.depth + 1 }, rest.join(':'), value);
  const criteria = [criterion, ...(scope.options.rows?.(from) ?? [])];
  return oneOf(ways.map((naming) => ({ test: 'has', param: parameter.number, from, naming, criteria })));
}

/** `_list=42`: like `_has`, an entry of that List must reference this (https://hl7.org/fhir/R4/search.html#list). */
function parseList(scope: Scope, modifier: string | undefined, value: string): Criterion {
  if (modifier !== undefined)
    throw new Failure('unknown-parameter', `_list has no modifiers, so ${quoted(modifier)} is not supported.`);
  const wrong = alternatives('_list', value).find((each) => !isId(each));
  if (wrong === undefined) return parseHas(scope, '_has:List:item:_id', value);
  throw new Failure('parameter', `_list must be the id of a List on this server, not ${quoted(wrong)}.`);
}

function referenceOf(type: SearchType, code: string): Parameter {
  const parameter = parameterOf(type, code);
  if (parameter.definition.kind === 'reference') return parameter;
  throw new Failure('parameter', `${code}: only a reference parameter can be followed.`);
}
