import { ELEMENT_BITS, firstColumn, partNumbers, TABLES_BY_KEY } from '../index/tables.ts';
import { pointedToBy, pointingTo } from '../parameters/naming.ts';
import type { Access, CompositeCriterion, Criterion, Fragment, Line, RowsCriterion } from '../plan.ts';
import { all, any, join, list, literal, sql } from './fragment.ts';
import { keysOnLine } from './line.ts';
import { conditionOn, valuesLeft } from './row-test.ts';

/** A source of keys: a table or query with the alias `r`, and a condition on its rows. */
export interface Source {
  from: Fragment;
  where: Fragment;
  /** True for `resource` itself, where each row has a different key. */
  own: boolean;
  /** How its keys are found. A seek returns them in key order, so that a page can stop early. */
  access: Access;
}

/** Returns the source of all live resources of a type. */
export function everyResource(type: string): Source {
  return {
    from: literal('resource r'),
    where: sql`r.type = ${type} AND r.text IS NOT NULL`,
    own: true,
    access: 'seek',
  };
}

/** Returns a source of exactly the keys that satisfy a criterion; undefined if no query can start from it. */
export function sourceOf(criterion: Criterion, type: string): Source | undefined {
  if (criterion.test === 'rows') {
    const from = sql`${literal(criterion.table)} r`;
    return { from, where: rowCondition(criterion), own: false, access: criterion.access };
  }
  if (criterion.test === 'resource') {
    const every = everyResource(type);
    return { ...every, where: sql`${every.where} AND ${conditionOn(criterion.where)}`, access: criterion.access };
  }
  const keys = keysOf(criterion);
  return keys && { from: sql`(${keys}) r`, where: all([]), own: false, access: 'scan' };
}

/**
 * Returns the same keys as `sourceOf`, for a range with many of them: reads an index in key order and tests every row,
 * so that a page can stop early. Undefined if there is no index by key, or if the rows come in key order anyway.
 */
export function walkedSourceOf(criterion: Criterion, type: string): Source | undefined {
  if (criterion.test !== 'rows' || criterion.access === 'seek' || !TABLES_BY_KEY.has(criterion.table)) return undefined;
  const source = sourceOf(criterion, type);
  const where = rowCondition(criterion, notByValue);
  return source && { ...source, where, access: 'seek' };
}

/**
 * Keeps both databases from using an index by value where rows are looked up by key: SQLite would read all values above
 * a lower bound for each resource.
 */
function notByValue(column: string): string {
  return column === 'low' || column === 'high' ? `+${column}` : column;
}

/** Builds a query for the keys of a source whose resources satisfy the criteria. */
export function selectKeys({ from, where, own, access }: Source, criteria: Criterion[]): Fragment {
  const distinct = literal(own ? '' : 'DISTINCT ');
  const conditions = all([where, ...criteria.map((each) => conditionOf(each, own))]);
  return sql`SELECT ${distinct}${keyOf(access)} AS key FROM ${from} WHERE ${conditions}`;
}

/**
 * Returns the key column of a source. After a range, the plus keeps SQLite from scanning an index by key, which it
 * considers cheap for a page in key order.
 */
export function keyOf(access: Access): Fragment {
  return literal(access === 'range' ? '+r.key' : 'r.key');
}

/** Builds a query for the keys of a type that satisfy criteria, led by the one that `rank` considers most selective. */
export function keysOfType(type: string, criteria: Criterion[]): Fragment {
  const lead = [...criteria].filter(canLead).sort((left, right) => rank(left) - rank(right))[0];
  const source = (lead && sourceOf(lead, type)) ?? everyResource(type);
  return selectKeys(
    source,
    criteria.filter((each) => each !== lead),
  );
}

/** Estimates how selective a criterion is; lower is more selective. */
export function rank(criterion: Criterion): number {
  if (criterion.test === 'resource') return criterion.access === 'seek' ? 0 : 4;
  if (criterion.test === 'any') return Math.max(...criterion.of.map(rank));
  return criterion.test === 'rows' ? { seek: 1, range: 3, scan: 5 }[criterion.access] : 2;
}

/** Returns true if a query can start from the criterion. */
export function canLead(criterion: Criterion): boolean {
  return criterion.test === 'resource' || hasKeys(criterion);
}

/** Returns true if a query can return the keys of the criterion. */
function hasKeys(criterion: Criterion): boolean {
  if (criterion.test === 'any') return criterion.of.length > 0 && criterion.of.every(hasKeys);
  return WITH_KEYS.includes(criterion.test);
}

const WITH_KEYS: readonly Criterion['test'][] = ['rows', 'composite', 'chain', 'line', 'has'];

/**
 * Returns the condition on `r.key` for a criterion. If an index supports it, each resource is probed by a seek;
 * otherwise the keys are collected once and looked up.
 */
export function conditionOf(criterion: Criterion, own: boolean): Fragment {
  switch (criterion.test) {
    case 'resource':
      if (own) return conditionOn(criterion.where);
      return sql`EXISTS (SELECT 1 FROM resource c WHERE c.key = r.key AND ${conditionOn(criterion.where)})`;
    case 'rows':
      if (criterion.access !== 'seek' && !TABLES_BY_KEY.has(criterion.table)) break;
      return sql`EXISTS
        (SELECT 1 FROM ${literal(criterion.table)} x WHERE ${rowCondition(criterion, notByValue)}
          AND x.key = r.key)`;
    case 'not':
      return sql`NOT (${conditionOf(criterion.of, own)})`;
    case 'all':
      return sql`(${all(criterion.of.map((each) => conditionOf(each, own)))})`;
    case 'any':
      return any(criterion.of.map((each) => conditionOf(each, own)));
    case 'term':
    case 'silent':
      throw new Error('Terminology is read before a search is run by it');
  }
  // The plus keeps SQLite from seeking each of these keys for every row that it has already found.
  return sql`+r.key IN (${keysOf(criterion) ?? literal('NULL')})`;
}

function keysOf(criterion: Criterion): Fragment | undefined {
  switch (criterion.test) {
    case 'rows':
      return rowKeys(criterion);
    case 'composite':
      return compositeKeys(criterion);
    case 'chain':
      return pointingTo(criterion.naming, criterion.param, keysOfType(criterion.type, criterion.criteria));
    case 'line':
      return pointingTo(criterion.naming, criterion.param, keysOfLine(criterion.line));
    case 'has':
      return pointedToBy(criterion.naming, criterion.param, keysOfType(criterion.from, criterion.criteria));
    case 'any': {
      const keys = hasKeys(criterion) ? criterion.of.map(keysOf).filter((each) => each !== undefined) : [];
      return keys.length > 0 ? join(keys, ' UNION ') : undefined;
    }
    default:
      return undefined;
  }
}

/** Builds a query for the keys of the resources on a line that the caller may see. */
export function keysOfLine(line: Line): Fragment {
  return keysOnLine(line, all(line.criteria.map((each) => conditionOf(each, false))));
}

function rowKeys(criterion: RowsCriterion): Fragment {
  return sql`SELECT key FROM ${literal(criterion.table)} WHERE ${rowCondition(criterion)}`;
}

/**
 * Builds a query for the keys for which rows of all components come from the same element. Left to itself, SQLite may
 * scan all rows of one component for each row of another. So the one component without a complete value leads, and the
 * others are sought by value and key; if several lack one, their elements are collected and intersected.
 */
function compositeKeys({ parts, repeats }: CompositeCriterion): Fragment {
  const leading = parts.filter(({ access }) => access !== 'seek');
  if (leading.length > 1) return gatheredKeys(parts, repeats);
  const [lead, ...others] = [...leading, ...parts.filter(({ access }) => access === 'seek')];
  if (lead === undefined) return literal('SELECT NULL AS key');
  const joined = others.map((part, index) => sql` CROSS JOIN (${partRows(part, repeats)}) ${literal(`p${index + 1}`)}`);
  const same = others.map((part, index) => inGroupOf(lead, part, index + 1, repeats));
  // The rows are in the same group, and their edges share a bit above the lowest two.
  const edges = parts.map((_, index) => `p${index}.edge`).join(' & ');
  const where = all([...same, literal(`((${edges}) >> 2) <> 0`)]);
  return sql`SELECT p0.key FROM (${partRows(lead, repeats)}) p0${join(joined, '')} WHERE ${where}`;
}

/** Compares groups by their difference, so that no index is used for them: a group is less selective than a value. */
function inGroupOf(lead: RowsCriterion, { param }: RowsCriterion, index: number, repeats: boolean): Fragment {
  const key = `p${index}.key = p0.key`;
  return literal(repeats ? `${key} AND p${index}.param - p0.param = ${param - lead.param}` : key);
}

function gatheredKeys(parts: RowsCriterion[], repeats: boolean): Fragment {
  const [first, ...others] = parts.map((part) => (repeats ? elementsOf(part) : partRows(part, repeats)));
  const place = literal(repeats ? '(key, place, bit)' : 'key');
  const columns = literal(repeats ? 'key, place, bit' : 'key');
  const among = others.map((each) => sql`${place} IN (SELECT ${columns} FROM (${each}) o)`);
  return sql`SELECT key FROM (${first ?? literal('NULL')}) p0 WHERE ${all(among)}`;
}

/**
 * Returns a row for each element that a component's row comes from. Most rows come from one element and are unchanged.
 */
function elementsOf(part: RowsCriterion): Fragment {
  const rows = partRows(part, true);
  const place = literal(`r.param - ${part.param} AS place`);
  // PostgreSQL would estimate very few rows for an equality here, and scan all of them for each row of the other side.
  const [isOfOne, isOfSeveral] = [literal('(r.edge & (r.edge - 1)) < 1'), literal('(r.edge & (r.edge - 1)) > 0')];
  return sql`SELECT r.key, ${place}, r.edge AS bit FROM (${rows}) r WHERE ${isOfOne}
    UNION ALL SELECT r.key, ${place}, b.column1 AS bit FROM (${rows}) r CROSS JOIN (VALUES ${BITS}) b
      WHERE ${isOfSeveral} AND (r.edge & b.column1) <> 0`;
}

const BITS = literal(ELEMENT_BITS.map((bit) => `(${bit})`).join(', '));

function partRows(part: RowsCriterion, repeats: boolean): Fragment {
  const { table, param } = part;
  const own = repeats ? literal(`param IN (${partNumbers(param).join(', ')})`) : undefined;
  return sql`SELECT key, param, edge FROM ${literal(table)} WHERE ${rowCondition(part, undefined, own)}`;
}

/**
 * Neither database seeks by alternatives that test more than the first column. So the values that they allow for it are
 * added in front as a list.
 */
function rowCondition(
  { table, param, where }: RowsCriterion,
  name?: (column: string) => string,
  own = sql`param = ${param}`,
): Fragment {
  if (where === undefined) return own;
  const first = firstColumn(table);
  const values = 'any' in where ? valuesLeft(where, first) : undefined;
  const among = values === undefined ? [] : [sql`${literal(first)} IN (${list([...values])})`];
  return all([own, ...among, conditionOn(where, name)]);
}
