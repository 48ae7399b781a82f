import type { Connection } from '../connection.ts';
import type { Version } from '../engine.ts';
import { Failure, type FailureCode } from '../errors.ts';
import { readJson } from '../json/read.ts';
import type { JsonObject } from '../json/value.ts';
import { versionOf } from '../store.ts';
import { conditionOf, everyResource } from './condition.ts';
import { type SearchOptions, typeNamed } from './criteria.ts';
import { type Parameter, parameterRows } from './extract.ts';
import { all, list, literal, padded, sql } from './fragment.ts';
import { localTypes } from './kinds/reference.ts';
import type { Definitions } from './paths.ts';
import type { Criterion, Fragment, Include, ParsedSearch } from './plan.ts';
import { type FoundRow, query, versionsOf } from './versions.ts';

const MOST_INCLUDED = 5000;
const MOST_ROUNDS = 8;
/** How whoever judges the caller says that it may see nothing of a type. */
const REFUSALS: readonly FailureCode[] = ['forbidden', 'unauthenticated'];
const IDS_A_QUERY = 256;

/** What the following of references works with. */
interface Following {
  connection: Connection;
  definitions: Definitions;
  options: SearchOptions;
}

/**
 * The resources that `_include` and `_revinclude` add to a page, each once and none of its matches
 * (FHIR R4 §3.1.1.5.4). What the caller may not see is left out. A canonical is not followed.
 * Throws a `parameter` Failure where there are more than can be given at once.
 */
export async function includedWith(
  connection: Connection,
  definitions: Definitions,
  plan: ParsedSearch,
  matches: Version[],
  options: SearchOptions,
): Promise<Version[]> {
  const following = { connection, definitions, options };
  const known = new Set(matches.map((match) => match.key));
  const included: Version[] = [];
  let from = matches;
  let includes = plan.includes;
  for (let round = 0; round < MOST_ROUNDS && from.length > 0 && includes.length > 0; round += 1) {
    const found: Version[] = [];
    for (const include of includes) {
      for (const version of await follow(following, include, from)) {
        if (known.has(version.key)) continue;
        known.add(version.key);
        found.push(version);
      }
    }
    included.push(...found);
    if (included.length > MOST_INCLUDED) {
      throw new Failure(
        'parameter',
        `More than ${MOST_INCLUDED} resources would be included: ask for fewer by _count.`,
      );
    }
    from = found;
    includes = includes.filter(({ iterate }) => iterate);
  }
  return included;
}

async function follow(following: Following, include: Include, from: Version[]): Promise<Version[]> {
  const found: Version[] = [];
  for (const [type, versions] of byType(from)) {
    if (include.reverse) found.push(...(await pointingTo(following, include, type, versions)));
    else if ((include.source ?? type) === type) found.push(...(await pointedTo(following, include, type, versions)));
  }
  return found;
}

function byType(versions: Version[]): Map<string, Version[]> {
  const types = new Map<string, Version[]>();
  for (const version of versions) types.set(version.type, [...(types.get(version.type) ?? []), version]);
  return types;
}

/** The reference parameters that an include follows, from the type that has them. */
function referencesOf({ definitions }: Following, type: string, code: string | undefined): Parameter[] {
  const { parameters } = typeNamed(definitions, type);
  return [...parameters.values()].filter(
    (parameter) => parameter.definition.kind === 'reference' && (code === undefined || parameter.code === code),
  );
}

/** What the caller may see of a type; undefined for nothing. */
function visible({ options }: Following, type: string): Criterion[] | undefined {
  try {
    return options.rows?.(type) ?? [];
  } catch (error) {
    if (error instanceof Failure && REFUSALS.includes(error.code)) return undefined;
    throw error;
  }
}

async function pointedTo(following: Following, include: Include, type: string, from: Version[]): Promise<Version[]> {
  const parameters = referencesOf(following, type, include.parameter);
  const ids = new Map<string, Set<string>>();
  for (const version of from) {
    const resource = readJson(version.text ?? '{}') as JsonObject;
    for (const [id, pointer] of parameters.flatMap((parameter) => targetsOf(parameter, resource))) {
      const target = localType(following, pointer);
      if (target === undefined || (include.target ?? target) !== target) continue;
      ids.set(target, (ids.get(target) ?? new Set()).add(id));
    }
  }
  const found: Version[] = [];
  for (const [target, wanted] of ids) {
    const condition = (some: string[]) => {
      const every = everyResource(target);
      return { ...every, where: sql`${every.where} AND r.id IN (${list(some)})` };
    };
    found.push(...(await gather(following, target, [...wanted], condition)));
  }
  return found;
}

/** Ids and types of the references of a resource, as the index holds them. */
function targetsOf(parameter: Parameter, resource: JsonObject): [id: string, pointer: string][] {
  const rows = parameterRows(parameter, resource).get('search_reference') ?? [];
  return rows.map(([, id, pointer]) => [String(id), String(pointer)]);
}

/** The type that a pointer names, where it is one of this server. */
function localType({ definitions, options }: Following, pointer: string): string | undefined {
  const name = pointer.slice(pointer.lastIndexOf('/') + 1);
  return definitions.resource(name) !== undefined && localTypes(name, options.base).includes(pointer)
    ? name
    : undefined;
}

async function pointingTo(following: Following, include: Include, type: string, to: Version[]): Promise<Version[]> {
  const { source, parameter: code, target } = include;
  if (source === undefined || (target ?? type) !== type) return [];
  const pointers = list(localTypes(type, following.options.base));
  const found: Version[] = [];
  for (const parameter of referencesOf(following, source, code)) {
    const condition = (some: string[]) => ({
      from: literal('search_reference r'),
      where: sql`r.param = ${parameter.number} AND r.target IN (${list(some)}) AND r.target_type IN (${pointers})`,
      own: false,
    });
    const ids = to.map(({ id }) => id);
    found.push(...(await gather(following, source, ids, condition)));
  }
  return found;
}

/** The visible resources of a type that a source gives for some ids at a time. */
async function gather(
  following: Following,
  type: string,
  ids: string[],
  sourceOf: (some: string[]) => { from: Fragment; where: Fragment; own: boolean },
): Promise<Version[]> {
  const criteria = visible(following, type);
  if (criteria === undefined) return [];
  const found: Version[] = [];
  for (let start = 0; start < ids.length; start += IDS_A_QUERY) {
    const { from, where, own } = sourceOf(padded(ids.slice(start, start + IDS_A_QUERY)));
    const conditions = all([where, ...criteria.map((each) => conditionOf(each, own))]);
    const limit = literal(String(MOST_INCLUDED + 1));
    const keys = sql`SELECT DISTINCT r.key FROM ${from} WHERE ${conditions} LIMIT ${limit}`;
    const rows = await query<FoundRow>(following.connection, versionsOf(keys, 'r.key'));
    found.push(...rows.map(versionOf));
  }
  return found;
}
