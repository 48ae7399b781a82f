import { HIGHEST, INDEX_TABLES, type IndexRow, type IndexRows, LOWEST } from './tables.ts';
import { compareText } from './text.ts';

/** `edge` has 51 bits for elements; those of a longer list share them. */
const ELEMENTS = 51;

/** The rows of a parameter in a table, each with the elements of a composite that gave it, as bits above the edge's. */
interface Group {
  /** The place of the sort value in a row; undefined where nothing sorts by it. */
  order: number | undefined;
  rows: IndexRow[];
  elements: (Set<number> | undefined)[];
  /** The places of rows by what they hold, once there are many. */
  places: Map<string, number> | undefined;
}

/** So many rows are looked through one by one for one that is the same. */
const FEW = 12;

/** Gathers the index rows of one resource: each once, with its edge. */
export class RowCollector {
  /** By table, then by the number of the parameter. */
  readonly #tables = new Map<string, Map<number, Group>>();

  /** `element` is 0 for a plain parameter, 1, 2, … for the elements of a composite, undefined for a variant. */
  add(table: string, param: number, columns: (string | number)[], element: number | undefined): void {
    const groups = this.#tables.get(table) ?? new Map<number, Group>();
    if (groups.size === 0) this.#tables.set(table, groups);
    let group = groups.get(param);
    if (group === undefined) {
      const order = element === 0 ? orderColumn(table) : undefined;
      group = { order, rows: [], elements: [], places: undefined };
      groups.set(param, group);
    }
    let place = placeIn(group, columns);
    if (place === -1) {
      place = group.rows.push([param, ...columns, 0]) - 1;
      group.elements.push(undefined);
      group.places?.set(identityOf(columns), place);
    }
    if (element === undefined || element === 0) return;
    const elements = group.elements[place] ?? new Set();
    group.elements[place] = elements.add((element - 1) % ELEMENTS);
  }

  /** All rows by table, `edge` at the end of each. */
  finish(): IndexRows {
    const tables: IndexRows = new Map();
    for (const [table, groups] of this.#tables) {
      const all: IndexRow[] = [];
      for (const group of groups.values()) all.push(...finished(group));
      tables.set(table, all);
    }
    return tables;
  }
}

/** The rows of a group with their edges. */
function finished({ order, rows, elements }: Group): IndexRow[] {
  if (order !== undefined) markEdges(rows, order);
  elements.forEach((of, place) => {
    if (of === undefined) return;
    const bits = [...of].reduce((sum, bit) => sum + 2 ** (bit + 2), 0);
    addTo(rows[place], bits);
  });
  return rows;
}

/** The place of the row with these columns; -1 where there is none. */
function placeIn(group: Group, columns: (string | number)[]): number {
  const { rows } = group;
  if (rows.length < FEW) {
    for (let place = 0; place < rows.length; place += 1) if (holds(rows[place], columns)) return place;
    return -1;
  }
  group.places ??= new Map(rows.map((row, place) => [identityOf(row.slice(1, -1)), place]));
  return group.places.get(identityOf(columns)) ?? -1;
}

/** True where these are the columns of a row. */
function holds(row: IndexRow | undefined, columns: (string | number)[]): boolean {
  for (let at = 0; at < columns.length; at += 1) if (row?.[at + 1] !== columns[at]) return false;
  return true;
}

/** No text in a row has a NUL. */
function identityOf(columns: (string | number)[]): string {
  return columns.join('\0');
}

/** Marks the first of the rows with the lowest value, and with the highest. */
function markEdges(rows: IndexRow[], order: number): void {
  let [lowest] = rows;
  let highest = lowest;
  for (let place = 1; place < rows.length; place += 1) {
    const row = rows[place];
    if (compareValues(row?.[order], lowest?.[order]) < 0) lowest = row;
    if (compareValues(row?.[order], highest?.[order]) > 0) highest = row;
  }
  addTo(lowest, LOWEST);
  addTo(highest, HIGHEST);
}

/** Adds to the edge of a row, at its end. */
function addTo(row: IndexRow | undefined, bits: number): void {
  if (row !== undefined) row[row.length - 1] = Number(row[row.length - 1]) + bits;
}

const ORDER = new Map(
  INDEX_TABLES.filter(({ order }) => order !== undefined).map(({ name, columns, order }) => [
    name,
    columns.findIndex((column) => column.name === order) + 1,
  ]),
);

/** The place of a table's sort value in a row `[param, ...columns]`; undefined where it has no order. */
export function orderColumn(table: string): number | undefined {
  return ORDER.get(table);
}

/** Orders two values of one column as the databases do. */
export function compareValues(left: string | number | undefined, right: string | number | undefined): number {
  if (typeof left === 'number' && typeof right === 'number') return left - right;
  return compareText(String(left), String(right));
}
