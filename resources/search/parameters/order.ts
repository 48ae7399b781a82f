import type { Version } from '../../engine.ts';
import { Failure } from '../../errors.ts';
import type { JsonObject } from '../../json/value.ts';
import { resourceOf } from '../../storage/version-row.ts';
import { type Parameter, parameterRows, type SearchType } from '../index/extract.ts';
import { compareValues, edgeOf, orderColumn } from '../index/rows.ts';
import { HIGHEST, INDEX_TABLES, LOWEST } from '../index/tables.ts';
import type { Position, SortKey } from '../plan.ts';
import { parameterOf } from './criteria.ts';

const MOST_KEYS = 5;

/** Parses `_sort`: parameters by descending priority, `-` for descending order (FHIR R4 §3.1.1.5.1). */
export function parseSort(type: SearchType, text: string): SortKey[] {
  const parts = text.split(',').filter((part) => part !== '');
  if (parts.length > MOST_KEYS) throw new Failure('parameter', `_sort can have at most ${MOST_KEYS} parameters.`);
  return parts.map((part) => {
    const descending = part.startsWith('-');
    return sortKey(type, descending ? part.slice(1) : part, descending);
  });
}

function sortKey(type: SearchType, code: string, descending: boolean): SortKey {
  const own = { table: 'resource', param: undefined, descending };
  if (code === '_id') return { ...own, column: 'id', read: (version) => version.id };
  if (code === '_lastUpdated') return { ...own, column: 'last_updated', read: (version) => version.lastUpdated };
  const parameter = parameterOf(type, code);
  const table = INDEX_TABLES.find(({ name }) => name === parameter.kind?.table);
  if (table?.order === undefined) {
    throw new Failure('parameter', `_sort does not support ${code}: use another parameter of ${type.definition.name}.`);
  }
  return {
    table: table.name,
    column: table.order,
    param: parameter.number,
    descending,
    read: (_version, resource) => edgeValue(parameter, table.name, descending ? HIGHEST : LOWEST, resource()),
  };
}

/** Returns the sort value of a resource: the lowest, or the highest for descending order. */
function edgeValue(
  parameter: Parameter,
  table: string,
  edge: number,
  resource: JsonObject,
): string | number | undefined {
  const rows = parameterRows(parameter, resource).get(table) ?? [];
  const row = rows.find((each) => each[0] === parameter.number && (edgeOf(each) & edge) !== 0);
  return row?.[orderColumn(table) ?? -1];
}

/** Returns true if matches with the same values come in descending key order. */
export function tiesDescend(sort: SortKey[]): boolean {
  return sort[0]?.descending === true;
}

/** Returns the position of a version in a sort order. */
export function positionOf(sort: SortKey[], version: Version): Position {
  let parsed: JsonObject | undefined;
  // The same values as in the index: digits that a double cannot hold are lost in both.
  const resource = () => {
    parsed ??= resourceOf(version) ?? {};
    return parsed;
  };
  return { values: sort.map((key) => key.read(version, resource) ?? null), key: version.key };
}

/** Compares two positions of a sort order: resources without a value come last in either direction. */
export function comparePositions(sort: SortKey[], left: Position, right: Position): number {
  for (const [index, { descending }] of sort.entries()) {
    const [a, b] = [left.values[index] ?? null, right.values[index] ?? null];
    if (a === null || b === null) {
      if (a !== b) return a === null ? 1 : -1;
      continue;
    }
    const order = compareValues(a, b);
    if (order !== 0) return descending ? -order : order;
  }
  return tiesDescend(sort) ? right.key - left.key : left.key - right.key;
}
