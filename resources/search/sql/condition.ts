import { ELEMENT_BITS, firstColumn, partNumbers, TABLES_BY_KEY } from '../index/tables.ts';
import { pointedToBy, pointingTo } from '../parameters/naming.ts';
import type { Access, CompositeCriterion, Criterion, Fragment, Line, RowsCriterion } from '../plan.ts';
import { all, any, join, list, literal, sql } from './fragment.ts';
import { keysOnLine } from './line.ts';
import { conditionOn, valuesLeft } from './row-test.ts';

/** Where keys are read from: a table or query under the name `r`, and what its rows must satisfy. */
export interface Source {
  from: Fragment;
  where: Fragment;
  /** True for `resource` itself, whose every row is another key. */
  own: boolean;
  /** How its keys are found; by a seek, they come in their order, so that a page of them ends early. */
  access: Access;
}

/** The live resources of a type. */
export function everyResource(type: string): Source {
  return {
    from: literal('resource r'),
    where: sql`r.type = ${type} AND r.text IS NOT NULL`,
    own: true,
    access: 'seek',
  };
}

/** A source that gives the keys of one criterion and no others; undefined where it cannot lead a query. */
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
 * The same keys as those of `sourceOf`, for a range with many of them: an index by key is walked and every row
 * looked at, so that a page comes in its order and ends early.
 * Undefined where there is no index by key, and where the rows come in its order anyway.
 */
export function walkedSourceOf(criterion: Criterion, type: string): Source | undefined {
  if (criterion.test !== 'rows' || criterion.access === 'seek' || !TABLES_BY_KEY.has(criterion.table)) return undefined;
  const source = sourceOf(criterion, type);
  const where = rowCondition(criterion, notByValue);
  return source && { ...source, where, access: 'seek' };
}

/**
 * Keeps both databases from taking an index by value where rows are found by their keys: SQLite would walk all values
 * above a lower end for each resource.
 */
function notByValue(column: string): string {
  return column === 'low' || column === 'high' ? `+${column}` : column;
}

/** A query for the keys of a source whose resources satisfy the criteria. */
export function selectKeys({ from, where, own, access }: Source, criteria: Criterion[]): Fragment {
  const distinct = literal(own ? '' : 'DISTINCT ');
  const conditions = all([where, ...criteria.map((each) => conditionOf(each, own))]);
  return sql`SELECT ${distinct}${keyOf(access)} AS key FROM ${from} WHERE ${conditions}`;
}

/**
 * The key of a source in its query. After a range, the plus keeps SQLite from walking an index by key, which it
 * takes to be cheap for a page in that order.
 */
export function keyOf(access: Access): Fragment {
  return literal(access === 'range' ? '+r.key' : 'r.key');
}

/** A query for the keys of a type that satisfy criteria, led by the one that looks best without asking the index. */
export function keysOfType(type: string, criteria: Criterion[]): Fragment {
  const lead = [...criteria].filter(canLead).sort((left, right) => rank(left) - rank(right))[0];
  const source = (lead && sourceOf(lead, type)) ?? everyResource(type);
  return selectKeys(
    source,
    criteria.filter((each) => each !== lead),
  );
}

/** How likely a criterion is to leave few resources: the lower, the likelier. */
export function rank(criterion: Criterion): number {
  if (criterion.test === 'resource') return criterion.access === 'seek' ? 0 : 4;
  if (criterion.test === 'any') return Math.max(...criterion.of.map(rank));
  return criterion.test === 'rows' ? { seek: 1, range: 3, scan: 5 }[criterion.access] : 2;
}

/** True where a query can start from the criterion. */
export function canLead(criterion: Criterion): boolean {
  return criterion.test === 'resource' || hasKeys(criterion);
}

/** True where a query gives the keys of a criterion. */
function hasKeys(criterion: Criterion): boolean {
  if (criterion.test === 'any') return criterion.of.length > 0 && criterion.of.every(hasKeys);
  return WITH_KEYS.includes(criterion.test);
}

const WITH_KEYS: readonly Criterion['test'][] = ['rows', 'composite', 'chain', 'line', 'has'];

/**
 * The condition on `r.key` that a criterion makes. Where the index has a place for it, each resource is probed by
 * a seek; otherwise the keys are gathered once and then looked up.
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
  // The plus keeps SQLite from seeking every one of these keys for every row that it has found already.
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

/** A query for the keys of the resources on a line that the caller may see. */
export function keysOfLine(line: Line): Fragment {
  return keysOnLine(line, all(line.criteria.map((each) => conditionOf(each, false))));
}

function rowKeys(criterion: RowsCriterion): Fragment {
  return sql`SELECT key FROM ${literal(criterion.table)} WHERE ${rowCondition(criterion)}`;
}

/**
 * The keys for which rows of all parts were read from one element. SQLite, left to itself, may look through all rows of
 * one part for each of another. So the part that does not give its value in full leads, and the others are sought by
 * their values and its key; where several do not, the elements of each are looked up in those of the others.
 */
function compositeKeys({ parts, repeats }: CompositeCriterion): Fragment {
  const leading = parts.filter(({ access }) => access !== 'seek');
  if (leading.length > 1) return gatheredKeys(parts, repeats);
  const [lead, ...others] = [...leading, ...parts.filter(({ access }) => access === 'seek')];
  if (lead === undefined) return literal('SELECT NULL AS key');
  const joined = others.map((part, index) => sql` CROSS JOIN (${partRows(part, repeats)}) ${literal(`p${index + 1}`)}`);
  const same = others.map((part, index) => inGroupOf(lead, part, index + 1, repeats));
  // They are of one group, and their edges share a bit above the lowest two.
  const edges = parts.map((_, index) => `p${index}.edge`).join(' & ');
  const where = all([...same, literal(`((${edges}) >> 2) <> 0`)]);
  return sql`SELECT p0.key FROM (${partRows(lead, repeats)}) p0${join(joined, '')} WHERE ${where}`;
}

/** A difference of groups: nothing is to be sought by them, since a group says less of a row than its value does. */
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

/** A row for each element that a part was read from. Most rows are of one, and are that row already. */
function elementsOf(part: RowsCriterion): Fragment {
  const rows = partRows(part, true);
  const place = literal(`r.param - ${part.param} AS place`);
  // PostgreSQL expects next to nothing of an equality of this, and would look through all of it for each other row.
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
 * Neither database seeks by alternatives that ask for more than the first column: the values that they leave of it
 * stand before them as a list.
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
