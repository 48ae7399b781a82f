import { Failure } from '../../errors.ts';
import type { AddRow, SearchKind } from '../kinds/kind.ts';
import {
  ELEMENTS_APART,
  HIGHEST,
  INDEX_TABLES,
  type IndexRow,
  type IndexRows,
  LOWEST,
  placeOfElement,
} from './tables.ts';
import { compareText } from './text.ts';

/** Up to this many rows, duplicates are found by a linear scan; rows of other groups in between count, too. */
const FEW = 12;

/** The properties of a parameter that decide where its rows go. */
export interface Numbered {
  number: number;
  kind: SearchKind | undefined;
  /** The numbers of rows that are stored separately, by variant. */
  variants: Record<string, number>;
}

/** The rows of one parameter number in a table. */
interface Group {
  table: string;
  param: number;
  /** All rows of the table. Those of the group begin at `start`; others may be in between. */
  rows: IndexRow[];
  start: number;
  /** The position of the sort value in a row; undefined if nothing sorts by it. */
  order: number | undefined;
  lowest: IndexRow | undefined;
  highest: IndexRow | undefined;
  /** The rows by their contents, once there are many. */
  known: Map<string, IndexRow> | undefined;
}

/**
 * Collects the distinct index rows of one resource, with their edges. Every write calls it several times for every
 * parameter, so it allocates little besides the rows.
 */
export class RowCollector {
  /** All rows so far. */
  readonly rows: IndexRows = new Map();
  /** The number of calls of `add`, duplicates included. */
  added = 0;
  readonly #groups: Group[] = [];
  readonly #most: number;
  #left: number;
  #parameter: Numbered = { number: 0, kind: undefined, variants: {} };
  #element = 0;
  #last = 0;

  /** @param most maximum number of rows; unlimited by default */
  constructor(most = Number.MAX_SAFE_INTEGER) {
    this.#most = most;
    this.#left = most;
  }

  /**
   * Sets the parameter of the rows added next. `element` is 1, 2, … for the elements of a composite; with `last`, rows
   * belong to all elements from the one to the other.
   */
  turnTo(parameter: Numbered, element = 0, last = element): void {
    this.#parameter = parameter;
    this.#element = element;
    this.#last = Math.min(last, Math.max(element, ELEMENTS_APART));
  }

  /** Adds a row of the current parameter. */
  readonly add: AddRow = (columns, variant, table) => {
    const { kind, number, variants } = this.#parameter;
    if (kind === undefined) return;
    this.added += 1;
    // Composites have no modifiers, so the variants of their components would never be searched.
    if (this.#element > 0) {
      if (variant === undefined) this.#putPart(table ?? kind.table, number, columns);
    } else if (variant === undefined) this.#put(table ?? kind.table, number, columns, true);
    else {
      this.#put(table ?? kind.variants?.[variant] ?? kind.table, variants[variant] ?? number, columns, false);
    }
  };

  /** Adds a row of a component, marked with the elements that it comes from: one row for each of their groups. */
  #putPart(table: string, number: number, columns: (string | number)[]): void {
    let row: { group: number; own: IndexRow } | undefined;
    for (let element = this.#element; element <= this.#last; element += 1) {
      const { group, bit } = placeOfElement(element);
      if (row?.group !== group) row = { group, own: this.#put(table, number - group, columns, false) };
      addElement(row.own, bit);
    }
  }

  #put(table: string, param: number, columns: (string | number)[], sorted: boolean): IndexRow {
    const group = this.#groupOf(table, param, sorted);
    let row = find(group, columns);
    if (row === undefined) {
      if (this.#left === 0) throw tooMany(this.#most);
      this.#left -= 1;
      row = rowOf(param, columns);
      group.rows.push(row);
      group.known?.set(identityOf(columns), row);
      if (group.order !== undefined) keepEdges(group, row, group.order);
    }
    return row;
  }

  /** Searches backwards: most often the group is the last one, or does not exist yet. */
  #groupOf(table: string, param: number, sorted: boolean): Group {
    for (let at = this.#groups.length - 1; at >= 0; at -= 1) {
      const group = this.#groups[at];
      if (group?.param === param && group.table === table) return group;
    }
    let rows = this.rows.get(table);
    if (rows === undefined) {
      rows = [];
      this.rows.set(table, rows);
    }
    const order = sorted ? orderColumn(table) : undefined;
    const edges = { order, lowest: undefined, highest: undefined };
    const group: Group = { table, param, rows, start: rows.length, ...edges, known: undefined };
    this.#groups.push(group);
    return group;
  }
}

function tooMany(most: number): Failure {
  return new Failure(
    'too-large',
    `The resource has more than ${most} values to index for search: split it into several resources.`,
  );
}

/** Creates a row without edge and key. Most tables have two columns; an array literal allocates no spare room. */
function rowOf(param: number, columns: (string | number)[]): IndexRow {
  const [first, second] = columns;
  if (columns.length === 2 && first !== undefined && second !== undefined) return [param, first, second, 0, 0];
  return [param, ...columns, 0, 0];
}

/** Returns the row of a group with these columns. */
function find(group: Group, columns: (string | number)[]): IndexRow | undefined {
  const { rows, start, param } = group;
  if (rows.length - start < FEW) {
    for (let at = start; at < rows.length; at += 1) {
      const row = rows[at];
      if (row?.[0] === param && holds(row, columns)) return row;
    }
    return undefined;
  }
  if (group.known === undefined) {
    const own = rows.slice(start).filter((row) => row[0] === param);
    group.known = new Map(own.map((row) => [identityOf(row.slice(1, -2)), row]));
  }
  return group.known.get(identityOf(columns));
}

/** Returns true if the row has these columns. */
function holds(row: IndexRow, columns: (string | number)[]): boolean {
  for (let at = 0; at < columns.length; at += 1) if (row[at + 1] !== columns[at]) return false;
  return true;
}

/** A map key; no text in a row contains NUL. */
function identityOf(columns: (string | number)[]): string {
  return columns.join('\0');
}

/** Keeps the first row with the lowest value and the first with the highest value marked. */
function keepEdges(group: Group, row: IndexRow, order: number): void {
  const { lowest, highest } = group;
  if (lowest === undefined || compareValues(row[order], lowest[order]) < 0) {
    if (lowest !== undefined) addToEdge(lowest, -LOWEST);
    addToEdge(row, LOWEST);
    group.lowest = row;
  }
  if (highest === undefined || compareValues(row[order], highest[order]) > 0) {
    if (highest !== undefined) addToEdge(highest, -HIGHEST);
    addToEdge(row, HIGHEST);
    group.highest = row;
  }
}

/** Marks a row as coming from an element of a composite, with the element's bit. */
function addElement(row: IndexRow, bit: number): void {
  if (Math.floor(edgeOf(row) / bit) % 2 === 0) addToEdge(row, bit);
}

function addToEdge(row: IndexRow, bits: number): void {
  row[row.length - 2] = edgeOf(row) + bits;
}

/** Returns the `edge` bits of a row: whether it is the lowest or the highest, and which elements it comes from. */
export function edgeOf(row: IndexRow): number {
  return Number(row[row.length - 2]);
}

const ORDER = new Map(
  INDEX_TABLES.filter(({ order }) => order !== undefined).map(({ name, columns, order }) => [
    name,
    columns.findIndex((column) => column.name === order) + 1,
  ]),
);

/** Returns the position of a table's sort value in a row; undefined if the table has no order. */
export function orderColumn(table: string): number | undefined {
  return ORDER.get(table);
}

/** Compares two values of one column as the databases do. */
export function compareValues(left: string | number | undefined, right: string | number | undefined): number {
  if (typeof left === 'number' && typeof right === 'number') return left - right;
  return compareText(String(left), String(right));
}
