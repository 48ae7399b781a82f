import type { Dialect } from '../dialects/dialect.ts';
import {
  INDEX_TABLES,
  type IndexColumn,
  type IndexRow,
  type IndexRows,
  type IndexTable,
} from '../search/index/tables.ts';

/** The rows of one table to delete and to insert, by the key of their resource. */
interface TableChanges {
  gone: Map<number, IndexRow[]>;
  added: Map<number, IndexRow[]>;
}

const PARAM: IndexColumn = { name: 'param', type: 'integer' };
const EDGE: IndexColumn = { name: 'edge', type: 'integer' };
const KEY: IndexColumn = { name: 'key', type: 'integer' };

/**
 * Returns the statements that change index rows: for each table a DELETE and an INSERT. With `there`, a row to insert
 * may exist already, because a resource was indexed by an earlier definition.
 */
export function indexStatements({ rowsFromJson }: Dialect, there = false): string[] {
  return INDEX_TABLES.flatMap((table) => {
    const [going, coming] = [goingColumns(table), columnsOf(table)];
    const names = (columns: IndexColumn[]) => columns.map(({ name }) => name).join(', ');
    return [
      `DELETE FROM ${table.name} WHERE (${names(going)}) IN (${rowsFromJson(going)})`,
      `INSERT INTO ${table.name} (${names(coming)}) ${rowsFromJson(coming)}` +
        (there ? ` WHERE true ON CONFLICT (${table.primaryKey.join(', ')}) DO UPDATE SET edge = excluded.edge` : ''),
    ];
  });
}

/** The columns that identify a row: those of the primary key. */
function goingColumns(table: IndexTable): IndexColumn[] {
  return columnsOf(table).filter(({ name }) => table.primaryKey.includes(name));
}

/** The columns of a row, in order. */
function columnsOf({ columns }: IndexTable): IndexColumn[] {
  return [PARAM, ...columns, EDGE, KEY];
}

/**
 * Buffers index rows, so that a group of jobs costs one statement per table instead of one per table and job. A job
 * that searches has them written first.
 */
export class IndexBuffer {
  #changes = new Map<string, TableChanges>();

  /** True if something is not in the database yet. */
  get pending(): boolean {
    return this.#changes.size > 0;
  }

  /** Replaces the index rows of a resource's previous version by those of the next. Returns true if they differ. */
  replace(key: number, before: IndexRows, after: IndexRows): boolean {
    let differ = false;
    for (const { name } of INDEX_TABLES) {
      const old = keyed(before.get(name), key);
      const now = keyed(after.get(name), key);
      if (old.length === 0 && now.length === 0) continue;
      const { gone, added } = this.#of(name);
      const [going, coming] = differences(old, now);
      differ ||= going.length > 0 || coming.length > 0;
      if (going.length > 0) {
        append(gone, key, going);
        takeBack(going, added, key);
      }
      if (coming.length > 0) append(added, key, coming);
    }
    return differ;
  }

  /** Returns the buffered rows for each of the `indexStatements`, and empties the buffer. */
  take(): (string | undefined)[] {
    const changes = this.#changes;
    this.clear();
    return INDEX_TABLES.flatMap((table) => {
      const found = changes.get(table.name);
      return [
        asJson(goingRows(table, found?.gone), goingColumns(table)),
        asJson(rowsOf(found?.added), columnsOf(table)),
      ];
    });
  }

  /** Discards the buffer, because its job has failed. */
  clear(): void {
    this.#changes = new Map();
  }

  #of(table: string): TableChanges {
    let changes = this.#changes.get(table);
    if (!changes) {
      changes = { gone: new Map(), added: new Map() };
      this.#changes.set(table, changes);
    }
    return changes;
  }
}

/**
 * Returns the rows as JSON, or undefined if there are none. SQLite parses some decimals with fewer than 17 digits as a
 * neighbouring number, so that a search for the number itself would miss it: non-integers are sent as text with 17
 * digits.
 */
function asJson(rows: IndexRow[], columns: IndexColumn[]): string | undefined {
  if (rows.length === 0) return undefined;
  if (!columns.some(({ type }) => type === 'real')) return JSON.stringify(rows);
  return JSON.stringify(rows, (_, value: unknown) =>
    typeof value === 'number' && !Number.isSafeInteger(value) ? value.toPrecision(17) : value,
  );
}

function rowsOf(byKey: Map<number, IndexRow[]> | undefined): IndexRow[] {
  return [...(byKey?.values() ?? [])].flat();
}

function goingRows(table: IndexTable, gone: Map<number, IndexRow[]> | undefined): IndexRow[] {
  const [all, kept] = [columnsOf(table), goingColumns(table)];
  const places = kept.map((column) => all.findIndex(({ name }) => name === column.name));
  return rowsOf(gone).map((row) => places.map((place) => row[place] ?? ''));
}

/** Fills in the key of the resource in its rows. */
function keyed(rows: IndexRow[] | undefined, key: number): IndexRow[] {
  if (rows === undefined) return [];
  for (const row of rows) row[row.length - 1] = key;
  return rows;
}

function append(to: Map<number, IndexRow[]>, key: number, rows: readonly IndexRow[]): void {
  const known = to.get(key);
  if (!known) to.set(key, [...rows]);
  else for (const row of rows) known.push(row);
}

/**
 * Removes deleted rows from those that an earlier job of the group inserts. They are deleted in the database as well:
 * an earlier definition may have indexed them.
 */
function takeBack(going: IndexRow[], added: Map<number, IndexRow[]>, key: number): void {
  const unwritten = added.get(key);
  if (unwritten === undefined) return;
  const identities = new Set(going.map(identityOf));
  added.set(
    key,
    unwritten.filter((row) => !identities.has(identityOf(row))),
  );
}

/** Identifies a row among those of one resource, without its edge. No text in a row contains NUL. */
function identityOf(row: IndexRow): string {
  return row.slice(0, -2).join('\0');
}

/** Returns the rows that only one side has. `edge` counts: a row with a new edge is deleted and inserted. */
function differences(old: IndexRow[], now: IndexRow[]): [going: IndexRow[], coming: IndexRow[]] {
  if (old.length === 0 || now.length === 0) return [old, now];
  // No text in a row contains NUL, and each column holds values of one type.
  const going = new Map(old.map((row) => [row.join('\0'), row]));
  const coming = now.filter((row) => !going.delete(row.join('\0')));
  return [[...going.values()], coming];
}
