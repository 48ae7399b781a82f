import { HIGHEST, INDEX_TABLES, type IndexRow, type IndexRows, LOWEST } from './tables.ts';
import { compareText } from './text.ts';

/** `edge` has 51 bits for elements; those of a longer list share them. */
const ELEMENTS = 51;

interface Entry {
  row: IndexRow;
  /** The elements of a composite that gave the row, as bits above those of the edge. */
  elements: Set<number> | undefined;
}

interface Group {
  /** The place of the sort value in a row; undefined where nothing sorts by it. */
  order: number | undefined;
  entries: Map<string, Entry>;
}

/** Gathers the index rows of one resource: each once, with its edge. */
export class RowCollector {
  readonly #tables = new Map<string, Map<number, Group>>();

  /** `element` is 0 for a plain parameter, 1, 2, … for the elements of a composite, undefined for a variant. */
  add(table: string, param: number, columns: (string | number)[], element: number | undefined): void {
    const group = this.#group(table, param, element === 0);
    // No text in a row has a NUL.
    const identity = columns.length === 1 ? String(columns[0]) : columns.join('\0');
    let entry = group.entries.get(identity);
    if (entry === undefined) {
      entry = { row: [param, ...columns], elements: undefined };
      group.entries.set(identity, entry);
    }
    if (element === undefined || element === 0) return;
    entry.elements ??= new Set();
    entry.elements.add((element - 1) % ELEMENTS);
  }

  /** All rows by table, `edge` at the end of each. */
  finish(): IndexRows {
    const rows: IndexRows = new Map();
    for (const [table, groups] of this.#tables) {
      const all: IndexRow[] = [];
      for (const group of groups.values()) {
        const entries = [...group.entries.values()];
        const [lowest, highest] = group.order === undefined ? [] : edges(entries, group.order);
        for (const { row, elements } of entries) {
          const edge = (row === lowest?.row ? LOWEST : 0) + (row === highest?.row ? HIGHEST : 0);
          row.push([...(elements ?? [])].reduce((sum, bit) => sum + 2 ** (bit + 2), edge));
          all.push(row);
        }
      }
      rows.set(table, all);
    }
    return rows;
  }

  #group(table: string, param: number, sortable: boolean): Group {
    let groups = this.#tables.get(table);
    if (groups === undefined) {
      groups = new Map();
      this.#tables.set(table, groups);
    }
    let group = groups.get(param);
    if (group === undefined) {
      group = { order: sortable ? orderColumn(table) : undefined, entries: new Map() };
      groups.set(param, group);
    }
    return group;
  }
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

/** The first of the entries with the lowest value, and with the highest. */
function edges(entries: Entry[], order: number): [Entry | undefined, Entry | undefined] {
  let [lowest] = entries;
  let highest = lowest;
  for (const entry of entries) {
    if (lowest === undefined || compareValues(entry.row[order], lowest.row[order]) < 0) lowest = entry;
    if (highest === undefined || compareValues(entry.row[order], highest.row[order]) > 0) highest = entry;
  }
  return [lowest, highest];
}

/** Orders two values of one column as the databases do. */
export function compareValues(left: string | number | undefined, right: string | number | undefined): number {
  if (typeof left === 'number' && typeof right === 'number') return left - right;
  return compareText(String(left), String(right));
}
