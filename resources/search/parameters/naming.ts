import { type Parameter, type SearchType, searchType } from '../index/extract.ts';
import type { Definitions } from '../index/paths.ts';
import type { IndexRow, IndexRows } from '../index/tables.ts';
import { CANONICALS, localTypes } from '../kinds/reference.ts';
import type { Fragment } from '../plan.ts';
import { list, literal, padded, sql } from '../sql/fragment.ts';

/**
 * How a reference names a resource: by type and id, or as a canonical by URL and optional version
 * (https://hl7.org/fhir/R4/references.html#canonical). A name is one text: the id, or `url|version`, with an empty
 * version for a canonical without one.
 */
export type Naming =
  | NamingById
  /** The numbers of the parameters for the URL and the version of the type. */
  | { by: 'canonical'; url: number; version: number };

/** `pointers` are the values by which an index row names the type. */
export interface NamingById {
  by: 'id';
  type: string;
  pointers: string[];
}

export function isById(naming: Naming): naming is NamingById {
  return naming.by === 'id';
}

/**
 * Returns how a reference parameter can name a type: empty if it holds canonicals and the type has no canonical URL.
 */
export function namings({ definition, types }: Parameter, target: SearchType, base: string): Naming[] {
  if (definition.kind !== 'reference') return [];
  const read = [...types];
  const { name } = target.definition;
  const byId: Naming = { by: 'id', type: name, pointers: localTypes(name, base) };
  const canonical = read.some((type) => CANONICALS.has(type)) ? byCanonical(target) : undefined;
  const ways = read.some((type) => !CANONICALS.has(type)) ? [byId] : [];
  return canonical === undefined ? ways : [...ways, canonical];
}

/** Returns the served types that a reference parameter can point to. */
export function targetsOf(definitions: Definitions, parameter: Parameter): string[] {
  if (parameter.definition.kind !== 'reference') return [];
  const served = definitions.names();
  const targets = parameter.definition.targets?.filter((name) => served.includes(name)) ?? served;
  return targets.filter((name) => {
    const definition = definitions.resource(name);
    return definition !== undefined && namings(parameter, searchType(definitions, definition), '').length > 0;
  });
}

/** Types with canonical URLs have a `url` parameter and a case-insensitive `version` parameter. */
function byCanonical({ parameters }: SearchType): Naming | undefined {
  const [url, version] = [parameters.get('url'), parameters.get('version')];
  if (url?.definition.kind !== 'uri' || version?.definition.kind !== 'token' || !version.types.has('string'))
    return undefined;
  return { by: 'canonical', url: url.number, version: version.number };
}

/** What others can name a resource by. */
export interface Named {
  id: string;
  readonly rows: IndexRows;
}

/** Returns the names of a resource. */
export function namesOf(naming: Naming, named: Named): string[] {
  if (naming.by === 'id') return [named.id];
  const values = (table: string, param: number) =>
    (named.rows.get(table) ?? []).filter((row) => row[0] === param).map((row) => String(row[1]));
  const versions = ['', ...values('search_token', naming.version)];
  return values('search_uri', naming.url).flatMap((url) => versions.map((version) => `${url}|${version}`));
}

/** Returns the name in a reference row; undefined if it does not name anything in this way. */
export function nameIn(naming: Naming, [, target = '', type = '']: IndexRow): string | undefined {
  const pointer = String(type);
  if (naming.by === 'id') return naming.pointers.includes(pointer) ? String(target) : undefined;
  return pointer.startsWith('|') ? String(target) + pointer : undefined;
}

/** A source with the alias `r`, and the columns (`name`, `versioned`) with the names by which its rows were found. */
export interface NamedSource {
  from: Fragment;
  where: Fragment;
  /** True for `resource` itself, where each row has a different key. */
  own: boolean;
  columns: Fragment;
}

/** Returns the live resources with one of the names. */
export function resourcesNamed(naming: Naming, names: string[]): NamedSource {
  if (naming.by === 'id') {
    const where = sql`r.type = ${naming.type} AND r.text IS NOT NULL AND r.id IN (${padlist(names)})`;
    return { from: literal('resource r'), where, own: true, columns: literal('r.id AS name') };
  }
  const [plain, versioned] = [literal("r.value || '|'"), literal("r.value || '|' || v.code")];
  const versions = names.map((name) => name.slice(name.indexOf('|') + 1));
  return {
    from: sql`search_uri r LEFT JOIN search_token v
      ON v.param = ${naming.version} AND v.key = r.key AND v.code IN (${padlist(versions)})`,
    where: sql`r.param = ${naming.url} AND r.value IN (${padlist(urls(names))})
      AND (${plain} IN (${padlist(names)}) OR ${versioned} IN (${padlist(names)}))`,
    own: false,
    columns: sql`${plain} AS name, ${versioned} AS versioned`,
  };
}

/** Returns the rows of reference parameters that hold one of the names. */
export function referencesTo(naming: Naming, params: number[], names: string[]): NamedSource {
  const from = literal('search_reference r');
  const ofParams = sql`r.param IN (${padlist(params)})`;
  if (naming.by === 'id') {
    const where = sql`${ofParams} AND r.target IN (${padlist(names)}) AND r.target_type IN (${list(naming.pointers)})`;
    return { from, where, own: false, columns: literal('r.target AS name') };
  }
  const name = literal('r.target || r.target_type');
  return {
    from,
    where: sql`${ofParams} AND r.target IN (${padlist(urls(names))}) AND ${name} IN (${padlist(names)})`,
    own: false,
    columns: sql`${name} AS name`,
  };
}

/**
 * Builds a query for the keys of the resources that reference, by a parameter, one of the resources with these keys.
 */
export function pointingTo(naming: Naming, param: number, keys: Fragment): Fragment {
  if (naming.by === 'canonical') return sql`SELECT x.key ${canonicals(naming, param)} AND t.key IN (${keys})`;
  return sql`SELECT x.key FROM search_reference x WHERE x.param = ${param}
    AND x.target_type IN (${list(naming.pointers)})
    AND x.target IN (SELECT t.id FROM resource t WHERE t.key IN (${keys}))`;
}

/** Builds a query for the keys of the live resources that those with these keys reference by a parameter. */
export function pointedToBy(naming: Naming, param: number, keys: Fragment): Fragment {
  if (naming.by === 'canonical') return sql`SELECT t.key ${canonicals(naming, param)} AND x.key IN (${keys})`;
  return sql`SELECT t.key FROM resource t WHERE t.type = ${naming.type} AND t.text IS NOT NULL
    AND t.id IN (SELECT x.target FROM search_reference x WHERE x.param = ${param}
      AND x.target_type IN (${list(naming.pointers)}) AND x.key IN (${keys}))`;
}

/**
 * Joins canonical URLs of resources (`t.key`) with references to them (`x.key`), by version if the reference has one.
 */
function canonicals({ url, version }: Extract<Naming, { by: 'canonical' }>, param: number): Fragment {
  // The first condition on the code uses the index; the second excludes what is not a canonical.
  return sql`FROM search_uri t JOIN search_reference x ON x.target = t.value
    WHERE x.param = ${param} AND t.param = ${url} AND (x.target_type = '|' OR EXISTS
      (SELECT 1 FROM search_token v WHERE v.param = ${version} AND v.key = t.key
        AND v.code = substr(x.target_type, 2) AND '|' || v.code = x.target_type))`;
}

function urls(names: string[]): string[] {
  return [...new Set(names.map((name) => name.slice(0, name.indexOf('|'))))];
}

function padlist(values: (string | number)[]): Fragment {
  return list(padded(values));
}
