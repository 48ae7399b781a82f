import type { PathStep, ResourceDefinition, SearchParameterDefinition } from '../../definition.ts';
import { isObject, type JsonObject } from '../../json/value.ts';
import { foldName } from '../../storage/names.ts';
import type { AddRow, Reader, SearchKind } from '../kinds/kind.ts';
import { KINDS } from '../kinds/registry.ts';
import { COLUMNS } from '../parameters/columns.ts';
import { type Definitions, firstName, type Place, places, root, type Walk, walkTo } from './paths.ts';
import { type Numbered, RowCollector } from './rows.ts';
import { type IndexRows, parameterNumber, partNumbers } from './tables.ts';

/** A compiled search parameter of a type: how it is searched and what it reads. `kind` is undefined for a composite. */
export interface Parameter extends Numbered {
  code: string;
  definition: SearchParameterDefinition;
  /** True if another parameter of the type reads the same: both use its index rows and its number. */
  isTwin: boolean;
  /** The types of the elements that it reads. */
  types: ReadonlySet<string>;
  /** The components of a composite. */
  components: Parameter[];
  /** The properties of the resource that its rows depend on; undefined if that may be any. */
  reads: readonly string[] | undefined;
  /** True if it also gives rows for missing elements. */
  always: boolean;
  /** Adds the index rows of a resource. */
  extract(resource: JsonObject, collector: RowCollector): void;
}

/** A resource type with its compiled search parameters. */
export interface SearchType {
  definition: ResourceDefinition;
  parameters: ReadonlyMap<string, Parameter>;
}

const compiled = new WeakMap<ResourceDefinition, SearchType>();

/** Returns the parameters of a type, compiled on first use. Throws if a declaration would index a secret. */
export function searchType(definitions: Definitions, definition: ResourceDefinition): SearchType {
  const known = compiled.get(definition);
  if (known !== undefined) return known;
  const parameters = new Map<string, Parameter>();
  const byRows = new Map<string, Parameter>();
  for (const [code, declared] of Object.entries(definition.search)) {
    if (COLUMNS.has(code) || !isServed(declared)) continue;
    refuseSecrets(definition, code, declared);
    const rows = whatRowsFollowFrom(declared);
    const twin = byRows.get(rows);
    if (twin) parameters.set(code, { ...twin, code, definition: declared, isTwin: true });
    else {
      const parameter = compileParameter(definitions, definition, code, declared);
      byRows.set(rows, parameter);
      parameters.set(code, parameter);
    }
  }
  const type = { definition, parameters };
  compiled.set(definition, type);
  return type;
}

/**
 * Returns the index rows of a resource without its secrets. They depend only on the resource and its definition, so
 * that the rows of a stored version can be recomputed. With `properties`, only rows that depend on one of them.
 */
export function indexRows(
  definitions: Definitions,
  definition: ResourceDefinition,
  resource: JsonObject,
  properties?: readonly string[],
): IndexRows {
  const collector = new RowCollector();
  for (const parameter of searchType(definitions, definition).parameters.values()) {
    if (!parameter.isTwin && concerns(parameter, resource, properties)) parameter.extract(resource, collector);
  }
  return collector.rows;
}

/** Returns false if a parameter certainly has no rows, or reads none of `properties`. */
export function concerns({ reads, always }: Parameter, resource: JsonObject, properties?: readonly string[]): boolean {
  if (properties && reads && !properties.some((name) => reads.includes(name))) return false;
  if (always || !reads) return true;
  for (const name of reads) if (resource[name] !== undefined) return true;
  return false;
}

/** Returns the rows of one parameter, for a sort in memory. */
export function parameterRows(parameter: Parameter, resource: JsonObject): IndexRows {
  const collector = new RowCollector();
  parameter.extract(resource, collector);
  return collector.rows;
}

/** Throws if two parameters of the types, variants included, have the same number in the index. */
export function refuseCollisions(types: Iterable<SearchType>): void {
  const taken = new Map<number, string>();
  for (const { definition, parameters } of types) {
    for (const parameter of parameters.values()) {
      if (parameter.isTwin) continue;
      const numbers = [parameter.number, ...parameter.components.flatMap((part) => partNumbers(part.number))];
      for (const each of [parameter, ...parameter.components]) numbers.push(...Object.values(each.variants));
      for (const number of numbers) {
        const name = `${definition.name}.${parameter.code}`;
        const other = taken.get(number);
        if (other !== undefined)
          throw new Error(`${name} and ${other} have the same number in the index: rename one of them`);
        taken.set(number, name);
      }
    }
  }
}

/** Returns the part of a declaration that determines its rows, as text: equal for two parameters with the same rows. */
function whatRowsFollowFrom({
  kind,
  paths,
  transform,
  default: absent,
  components = [],
}: SearchParameterDefinition): string {
  return JSON.stringify([kind, paths, transform, absent, components.map(whatRowsFollowFrom)]);
}

function isServed(declared: SearchParameterDefinition): boolean {
  return declared.kind === 'composite'
    ? (declared.components ?? []).every(isServed)
    : KINDS[declared.kind] !== undefined;
}

function refuseSecrets(definition: ResourceDefinition, code: string, declared: SearchParameterDefinition): void {
  const paths = [declared, ...(declared.components ?? [])].flatMap((each) => each.paths);
  const secret = paths.flat().find((step) => typeof step === 'string' && definition.secrets?.includes(step));
  if (secret !== undefined) throw new Error(`${definition.name}.${code} would search by the secret ${String(secret)}`);
}

function compileParameter(
  definitions: Definitions,
  definition: ResourceDefinition,
  code: string,
  declared: SearchParameterDefinition,
): Parameter {
  if (declared.kind === 'composite') return composite(definitions, definition, code, declared);
  const ends = follow(definitions, definition, [root(definition)], declared.paths);
  return simple(definition, code, declared, ends);
}

function follow(definitions: Definitions, definition: ResourceDefinition, from: Place[], paths: PathStep[][]): Place[] {
  return from.flatMap((place) => paths.flatMap((path) => places(definitions, definition, place, path)));
}

function simple(
  definition: ResourceDefinition,
  code: string,
  declared: SearchParameterDefinition,
  ends: Place[],
): Parameter {
  const kind = KINDS[declared.kind];
  const sources = kind === undefined ? [] : readable(kind, ends, declared.transform);
  const there = ends.map(presence);
  const variants = Object.entries(kind?.variants ?? {}).map(
    ([name]) => [name, parameterNumber(definition.name, `${code}:${name}`)] as const,
  );
  const parameter: Parameter = {
    code,
    definition: declared,
    number: parameterNumber(definition.name, code),
    isTwin: false,
    kind,
    types: new Set(declared.transform === 'exists' ? ['boolean'] : sources.map(({ type }) => type)),
    variants: Object.fromEntries(variants),
    components: [],
    reads: allOf(ends.map(firstName)),
    always: declared.transform === 'exists' || declared.default !== undefined,
    extract(resource, collector) {
      collector.turnTo(parameter);
      const before = collector.added;
      for (const { walk } of sources) walk(resource, collector.add, resource);
      if (declared.transform === 'exists') collector.add([String(there.some((isThere) => isThere(resource))), '']);
      else if (declared.default !== undefined && collector.added === before) collector.add([declared.default, '']);
    },
  };
  return parameter;
}

/** Folds values like the names that they are compared with. */
function folding(read: Reader): Reader {
  return (value, add) =>
    read(value, ([first = '', ...others], variant, table) => add([foldName(String(first)), ...others], variant, table));
}

/** Returns the distinct names; undefined if one of them is unknown. */
function allOf(names: readonly (string | undefined)[]): string[] | undefined {
  const known = names.filter((name) => name !== undefined);
  return known.length === names.length ? [...new Set(known)] : undefined;
}

/** A place whose values the kind can read, and the walk to it. */
interface Source {
  type: string;
  walk: Walk<AddRow>;
}

/** Returns no sources for `exists`, which does not look at the values. */
function readable(kind: SearchKind, ends: Place[], transform: SearchParameterDefinition['transform']): Source[] {
  if (transform === 'exists') return [];
  return ends.flatMap((place) => {
    const read = kind.reader(place.type, place.children);
    if (read === undefined) return [];
    return [{ type: place.type, walk: walkTo(place, transform === 'folded' ? folding(read) : read) }];
  });
}

/** Returns a test for whether a place of a resource has a value other than false. */
function presence(place: Place): (resource: JsonObject) => boolean {
  const look = walkTo(place, (value, seen: { found: boolean }) => {
    if (value !== false) seen.found = true;
  });
  return (resource) => {
    const seen = { found: false };
    look(resource, seen, resource);
    return seen.found;
  };
}

/** Compiles a composite: its rows are in the tables of its components, marked with the element that they come from. */
function composite(
  definitions: Definitions,
  definition: ResourceDefinition,
  code: string,
  declared: SearchParameterDefinition,
): Parameter {
  const bases = follow(definitions, definition, [root(definition)], declared.paths);
  const parts = (declared.components ?? []).map((component, index) => {
    const ends = bases.map((base) => follow(definitions, definition, [{ ...base, way: [] }], component.paths));
    const part = simple(definition, `${code}$${index}`, component, ends.flat());
    const sourcesAt = (places: Place[]) => (part.kind === undefined ? [] : readable(part.kind, places, undefined));
    return {
      part,
      ends,
      sources: ends.map((places) => sourcesAt(places.filter((place) => !isOfWhole(place)))),
      ofWhole: sourcesAt(ends.flat().filter(isOfWhole)),
    };
  });
  const elsewhere = parts.flatMap(({ ends }) => ends.flat().filter(isOfWhole));
  const bound = bases.map((base, index) =>
    walkTo(base, (value, composing: Composing) => {
      composing.element += 1;
      if (!isObject(value)) return;
      const { resource, collector, element } = composing;
      for (const { part, sources } of parts) {
        collector.turnTo(part, element);
        for (const { walk } of sources[index] ?? []) walk(value, collector.add, resource);
      }
    }),
  );
  return {
    code,
    definition: declared,
    number: parameterNumber(definition.name, code),
    isTwin: false,
    kind: undefined,
    types: new Set(),
    variants: {},
    components: parts.map(({ part }) => part),
    reads: allOf([...bases, ...elsewhere].map(firstName)),
    always: false,
    extract(resource, collector) {
      const composing = { resource, collector, element: 0 };
      for (const walk of bound) walk(resource, composing, resource);
      // Reading it again for each element would take as long as the numbers of both multiplied.
      for (const { part, ofWhole } of composing.element === 0 ? [] : parts) {
        collector.turnTo(part, 1, composing.element);
        for (const { walk } of ofWhole) walk(resource, collector.add, resource);
      }
    },
  };
}

/** True for a component that reads the resource itself instead of an element. */
function isOfWhole({ way }: Place): boolean {
  return way[0] === 'resource';
}

/** The state of extracting a composite: its elements are counted. */
interface Composing {
  resource: JsonObject;
  collector: RowCollector;
  element: number;
}
