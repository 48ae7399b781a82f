/** Hierarchies of resources of one type (FHIR R4 §3.1.1.4.12), such as Locations that are part of others. */
import type { ResourceDefinition } from '../../definition.ts';
import { Failure } from '../../errors.ts';
import { isId } from '../../validate/primitives.ts';
import { type Parameter, searchType } from '../index/extract.ts';
import type { Definitions } from '../index/paths.ts';
import { unescaped } from '../index/text.ts';
import { CANONICALS, localId } from '../kinds/reference.ts';
import type { Criterion, Line } from '../plan.ts';
import { padded } from '../sql/fragment.ts';
import type { SearchOptions } from './criteria.ts';
import { isById, type NamingById, namings, targetsOf } from './naming.ts';
import { alternatives, explained, quoted } from './values.ts';

/** The hierarchy of a type: how its resources are named, and the parameter by which each references its parent. */
export interface Hierarchy {
  naming: NamingById;
  parent: Parameter;
}

/**
 * Returns the modifiers of a parameter besides `missing`: those of its kind, plus `above` and `below` if a reference
 * leads into a hierarchy.
 */
export function modifiersOf(definitions: Definitions, parameter: Parameter): readonly string[] {
  const ofKind = parameter.kind?.modifiers(parameter.types) ?? [];
  return hierarchiesOf(definitions, parameter).size === 0 ? ofKind : [...new Set([...ofKind, 'above', 'below'])];
}

/** Returns the hierarchies that a reference parameter leads into, by type; empty for canonicals and other kinds. */
export function hierarchiesOf(definitions: Definitions, parameter: Parameter, base = ''): Map<string, Hierarchy> {
  const found = new Map<string, Hierarchy>();
  if ([...parameter.types].some((type) => CANONICALS.has(type))) return found;
  for (const name of targetsOf(definitions, parameter)) {
    const definition = definitions.resource(name);
    const codes = definition === undefined ? [] : parentCodes(definition);
    if (definition === undefined || codes.length === 0) continue;
    const type = searchType(definitions, definition);
    const parents = codes.flatMap((code) => type.parameters.get(code) ?? []);
    // A parameter that itself references the parent is followed. For other parameters, a type with two parent
    // parameters has no hierarchy, since neither is preferred.
    const parent = parents.length === 1 ? parents[0] : parents.find((each) => each === parameter);
    const naming = parent && namings(parent, type, base).find(isById);
    if (parent !== undefined && naming !== undefined) found.set(name, { naming, parent });
  }
  return found;
}

/**
 * Returns the parameters that make a strict hierarchy of a type: each reads an element that references only the type
 * itself, and at most one resource.
 */
function parentCodes(definition: ResourceDefinition): string[] {
  let codes = known.get(definition);
  if (codes === undefined) {
    codes = readParentCodes(definition);
    known.set(definition, codes);
  }
  return codes;
}

const known = new WeakMap<ResourceDefinition, string[]>();

function readParentCodes({ name, elements, search }: ResourceDefinition): string[] {
  return Object.keys(search).filter((code) => {
    const { kind, paths = [], targets } = search[code] ?? {};
    const [[step, ...deeper] = [], ...others] = paths;
    const element = typeof step === 'string' && Object.hasOwn(elements, step) ? elements[step] : undefined;
    if (kind !== 'reference' || element?.type !== 'Reference' || element.list === true) return false;
    const types = targets ?? element.targets ?? [];
    return deeper.length === 0 && others.length === 0 && types.length === 1 && types[0] === name;
  });
}

/**
 * Parses the value of `:above` or `:below`: matches what references one of the named resources, or one above or below
 * them. As in a chain, resources that the caller may not see are not followed. Throws `parameter` Failures, and
 * `forbidden` if the caller may see nothing of the type.
 */
export function parseAlong(
  { base, rows }: SearchOptions,
  name: string,
  { number: param }: Parameter,
  hierarchies: Map<string, Hierarchy>,
  towards: Line['towards'],
  value: string,
): Criterion {
  const starts = alternatives(name, value).map((each) => startOf(name, hierarchies, base, unescaped(each)));
  const of = [...hierarchies].flatMap(([type, { naming, parent }]): Criterion[] => {
    const from = starts.filter((start) => start.type === type).map(({ id }) => id);
    if (from.length === 0) return [];
    const named = { column: 'target', in: padded(from) };
    const where = { all: [named, { column: 'target_type', in: naming.pointers }] };
    const line: Line = { naming, parent: parent.number, towards, from, criteria: rows?.(type) ?? [] };
    return [
      { test: 'rows', table: 'search_reference', param, where, access: 'seek' },
      { test: 'line', param, naming, line },
    ];
  });
  return { test: 'any', of };
}

/**
 * Returns the resource that a value names; an id suffices if there is only one hierarchy. Throws `parameter` Failures.
 */
function startOf(
  name: string,
  hierarchies: Map<string, Hierarchy>,
  base: string,
  text: string,
): { type: string; id: string } {
  const types = [...hierarchies.keys()];
  const [only] = types;
  if (types.length === 1 && only !== undefined && isId(text)) return { type: only, id: text };
  for (const type of types) {
    const id = explained(name, text, () => localId(type, text, base));
    if (id !== undefined) return { type, id };
  }
  const ways = types.map((type) => `${type}/id`).join(' or ');
  throw new Failure(
    'parameter',
    `${name} must be a resource in a hierarchy on this server, as ${ways}, not ${quoted(text)}.`,
  );
}
