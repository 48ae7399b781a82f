import { Failure } from '../../errors.ts';
import type { AddRow, SearchKind } from '../kinds/kind.ts';
import { HIGHEST, INDEX_TABLES, type IndexRow, type IndexRows, LOWEST, placeOfElement } from './tables.ts';
import { compareText } from './text.ts';

/** So many rows are looked through one by one for one that is the same, those of others between them among them. */
const FEW = 12;

/** What of a parameter says where its rows go. */
export interface Numbered {
  number: number;
  kind: SearchKind | undefined;
  /** The numbers of rows kept apart, by variant. */
  variants: Record<string, number>;
}

/** The rows of a number in a table. */
interface Group {
  table: string;
  param: number;
  /** All rows of the table; those of the group begin at `start`, and others may stand between them. */
  rows: IndexRow[];
  start: number;
  /** The place of the sort value in a row; undefined where nothing sorts by it. */
  order: number | undefined;
  lowest: IndexRow | undefined;
  highest: IndexRow | undefined;
  /** The rows by what they hold, once there are many. */
  known: Map<string, IndexRow> | undefined;
}

/**
 * Gathers the index rows of one resource: each once, with its edge. Every write passes here several times for every
 * parameter, so that little is made but the rows themselves.
 */
export class RowCollector {
  /** All rows so far. */
  readonly rows: IndexRows = new Map();
  /** How often a row was added, whether or not it was there. */
  added = 0;
  readonly #groups: Group[] = [];
  readonly #most: number;
  #left: number;
  #parameter: Numbered = { number: 0, kind: undefined, variants: {} };
  #element = 0;

  /** @param most rows that there may be; as many as there are where it is not given */
  constructor(most = Number.MAX_SAFE_INTEGER) {
    this.#most = most;
    this.#left = most;
  }

  /** What is added from now on is of this parameter. `element` is 1, 2, … for those of a composite. */
  turnTo(parameter: Numbered, element = 0): void {
    this.#parameter = parameter;
    this.#element = element;
  }

  /** Adds a row to the parameter that is read. */
  readonly add: AddRow = (columns, variant, table) => {
    const { kind, number, variants } = this.#parameter;
    if (kind === undefined) return;
    this.added += 1;
    // A composite takes no modifiers, so nothing would look at what its parts keep apart.
    if (this.#element > 0) {
      if (variant === undefined) this.#putPart(table ?? kind.table, number, columns);
    } else if (variant === undefined) this.#put(table ?? kind.table, number, columns, true);
    else {
      this.#put(table ?? kind.variants?.[variant] ?? kind.table, variants[variant] ?? number, columns, false);
    }
  };

  /** Puts a row of a part of a composite, marked with the element that it was read from. */
  #putPart(table: string, number: number, columns: (string | number)[]): void {
    const { group, bit } = placeOfElement(this.#element);
    addElement(this.#put(table, number - group, columns, false), bit);
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

  /** The group mostly is the last one, or there is none yet. */
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
  return new Failure('too-large', `Searches would look for more than ${most} values of it: make several of it.`);
}

/** A row with no edge and no key yet. Most tables have two columns; a literal takes no more room than it needs. */
function rowOf(param: number, columns: (string | number)[]): IndexRow {
  const [first, second] = columns;
  if (columns.length === 2 && first !== undefined && second !== undefined) return [param, first, second, 0, 0];
  return [param, ...columns, 0, 0];
}

/** The row of a group with these columns. */
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

/** True where these are the columns of a row. */
function holds(row: IndexRow, columns: (string | number)[]): boolean {
  for (let at = 0; at < columns.length; at += 1) if (row[at + 1] !== columns[at]) return false;
  return true;
}

/** No text in a row has a NUL. */
function identityOf(columns: (string | number)[]): string {
  return columns.join('\0');
}

/** Keeps marked the first of the rows with the lowest value, and with the highest. */
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

/** Marks a row as read from an element of a composite, by the element's bit. */
function addElement(row: IndexRow, bit: number): void {
  if (Math.floor(edgeOf(row) / bit) % 2 === 0) addToEdge(row, bit);
}

function addToEdge(row: IndexRow, bits: number): void {
  row[row.length - 2] = edgeOf(row) + bits;
}

/** The bits of a row that tell whether it is the lowest or the highest, and which elements it was read from. */
export function edgeOf(row: IndexRow): number {
  return Number(row[row.length - 2]);
}

const ORDER = new Map(
  INDEX_TABLES.filter(({ order }) => order !== undefined).map(({ name, columns, order }) => [
    name,
    columns.findIndex((column) => column.name === order) + 1,
  ]),
);

/** The place of a table's sort value in a row; undefined where it has no order. */
export function orderColumn(table: string): number | undefined {
  return ORDER.get(table);
}

/** Orders two values of one column as the databases do. */
export function compareValues(left: string | number | undefined, right: string | number | undefined): number {
  if (typeof left === 'number' && typeof right === 'number') return left - right;
  return compareText(String(left), String(right));
}
