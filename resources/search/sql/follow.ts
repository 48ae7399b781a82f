import type { Version } from '../../engine.ts';
import { Failure, type FailureCode } from '../../errors.ts';
import type { JsonObject } from '../../json/value.ts';
import type { Connection } from '../../storage/connection.ts';
import { versionOf } from '../../storage/version-row.ts';
import { indexRows, type Parameter, parameterRows } from '../index/extract.ts';
import type { Definitions } from '../index/paths.ts';
import { localTypes } from '../kinds/reference.ts';
import { type SearchOptions, typeNamed } from '../parameters/criteria.ts';
import {
  type Named,
  type NamedSource,
  type Naming,
  nameIn,
  namesOf,
  namings,
  referencesTo,
  resourcesNamed,
  targetsOf,
} from '../parameters/naming.ts';
import type { Criterion, Fragment, Include } from '../plan.ts';
import { expanded } from '../terminology/expand.ts';
import { conditionOf } from './condition.ts';
import { all, literal, sql } from './fragment.ts';
import { completed, type FoundRow, query, versionsOf } from './versions.ts';

/** Failure codes that mean that the caller may see nothing of a type. */
const REFUSALS: readonly FailureCode[] = ['forbidden', 'unauthenticated'];
const NAMES_A_QUERY = 256;

/** The context for following references. */
export interface Following {
  connection: Connection;
  definitions: Definitions;
  options: SearchOptions;
  /** Returns the resource of a version, which is parsed once: several includes may need it. */
  resourceOf(version: Version): JsonObject;
  /** Maximum number of resources of one query. */
  most: number;
  /** Returns true if the resource was not found before. */
  lacks(key: number): boolean;
  /** Registers the size of a found text before it is read; throws if the sum becomes too large. */
  reserve(key: number, bytes: number): void;
  /** Adds a found resource; throws if they become too many. */
  take(version: Version): void;
}

/** Finds the resources that an include adds for versions of one type. */
export async function follow(following: Following, include: Include, type: string, from: Version[]): Promise<void> {
  if (include.reverse) await pointingTo(following, include, type, from);
  else if ((include.source ?? type) === type) await pointedTo(following, include, type, from);
}

/** Names to look up among the resources of a type. */
interface Wanted {
  type: string;
  naming: Naming;
  names: Set<string>;
}

async function pointedTo(following: Following, include: Include, type: string, from: Version[]): Promise<void> {
  const resources = from.map((version) => following.resourceOf(version));
  const wanted = new Map<string, Wanted>();
  for (const parameter of referencesOf(following, type, include.parameter)) {
    const rows = resources.flatMap((resource) => parameterRows(parameter, resource).get('search_reference') ?? []);
    const pointers = new Set(rows.map(([, , pointer]) => String(pointer)));
    const targets = include.target === undefined ? typesOf(following, parameter, pointers) : [include.target];
    for (const target of targets) {
      for (const naming of namings(parameter, typeNamed(following.definitions, target), following.options.base)) {
        const way = `${target} ${naming.by}`;
        const names = wanted.get(way)?.names ?? new Set();
        for (const row of rows) {
          const name = nameIn(naming, row);
          if (name !== undefined) names.add(name);
        }
        wanted.set(way, { type: target, naming, names });
      }
    }
  }
  for (const { type: target, naming, names } of wanted.values()) {
    await gather(following, target, [...names], (some) => resourcesNamed(naming, some));
  }
}

/** Returns the reference parameters of a type that an include follows. */
function referencesOf({ definitions }: Following, type: string, code: string | undefined): Parameter[] {
  const { parameters } = typeNamed(definitions, type);
  return [...parameters.values()].filter(
    (parameter) => parameter.definition.kind === 'reference' && (code === undefined || parameter.code === code),
  );
}

/** Returns the target types of index rows of a parameter: a row names its type, but a canonical may be any target. */
function typesOf({ definitions, options }: Following, parameter: Parameter, pointers: Set<string>): string[] {
  const types = new Set<string>();
  for (const pointer of pointers) {
    const name = pointer.slice(pointer.lastIndexOf('/') + 1);
    if (pointer.startsWith('|')) for (const target of targetsOf(definitions, parameter)) types.add(target);
    else if (definitions.resource(name) && localTypes(name, options.base).includes(pointer)) types.add(name);
  }
  return [...types];
}

async function pointingTo(following: Following, include: Include, type: string, to: Version[]): Promise<void> {
  if ((include.target ?? type) !== type) return;
  const { definitions, options } = following;
  const target = typeNamed(definitions, type);
  const named = to.map((version) => namedAs(following, version));
  for (const source of include.source === undefined ? definitions.names() : [include.source]) {
    const ways = new Map<string, { naming: Naming; params: number[] }>();
    for (const parameter of referencesOf(following, source, include.parameter)) {
      const { targets } = parameter.definition;
      if (include.source === undefined && targets?.includes(type) === false) continue;
      for (const naming of namings(parameter, target, options.base)) {
        const params = ways.get(naming.by)?.params ?? [];
        ways.set(naming.by, { naming, params: [...params, parameter.number] });
      }
    }
    for (const { naming, params } of ways.values()) {
      const names = new Set(named.flatMap((each) => namesOf(naming, each)));
      await gather(following, source, [...names], (some) => referencesTo(naming, params, some));
    }
  }
}

/** Returns the names of a version. Its index rows are computed only if a canonical needs them. */
function namedAs({ definitions, resourceOf }: Following, version: Version): Named {
  let rows: Named['rows'] | undefined;
  return {
    id: version.id,
    get rows() {
      rows ??= indexRows(definitions, typeNamed(definitions, version.type).definition, resourceOf(version));
      return rows;
    },
  };
}

/** Returns the criteria for what the caller may see of a type; undefined if it may see nothing. */
function visible({ options }: Following, type: string): Criterion[] | undefined {
  try {
    return options.rows?.(type) ?? [];
  } catch (error) {
    if (error instanceof Failure && REFUSALS.includes(error.code)) return undefined;
    throw error;
  }
}

/** Adds the visible resources of a type, in one query per batch of names. */
async function gather(
  following: Following,
  type: string,
  names: string[],
  sourceOf: (some: string[]) => NamedSource,
): Promise<void> {
  const seen = names.length === 0 ? undefined : visible(following, type);
  if (seen === undefined) return;
  const criteria = await expanded(following.connection, seen);
  for (let start = 0; start < names.length; start += NAMES_A_QUERY) {
    const { from, where, own } = sourceOf(names.slice(start, start + NAMES_A_QUERY));
    const conditions = all([where, ...criteria.map((each) => conditionOf(each, own))]);
    const limit = literal(String(following.most));
    const keys = sql`SELECT DISTINCT r.key FROM ${from} WHERE ${conditions} LIMIT ${limit}`;
    await takeVersions(following, keys);
  }
}

/** Bytes of text that are read at once; longer texts are read after their size was reserved. */
const SHORT = 4 * 1024;

async function takeVersions({ connection, lacks, reserve, take }: Following, keys: Fragment): Promise<void> {
  const found = await query<FoundRow>(connection, versionsOf(keys, 'r.key', { most: SHORT }));
  const rows = found.filter(({ key }) => lacks(key));
  for (const { key, size = 0 } of rows) reserve(key, size);
  for (const row of await completed(connection, rows)) take(versionOf(row));
}
