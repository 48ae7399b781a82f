import type { Dialect } from '../dialects/dialect.ts';
import {
  INDEX_TABLES,
  type IndexColumn,
  type IndexRow,
  type IndexRows,
  type IndexTable,
} from '../search/index/tables.ts';

/** The rows of one table that are to go and to come, by the key of their resource. */
interface TableChanges {
  gone: Map<number, IndexRow[]>;
  added: Map<number, IndexRow[]>;
}

const PARAM: IndexColumn = { name: 'param', type: 'integer' };
const EDGE: IndexColumn = { name: 'edge', type: 'integer' };
const KEY: IndexColumn = { name: 'key', type: 'integer' };

/**
 * The statements that change index rows: of each table what goes, and what comes. What comes may be `there` already
 * where a resource was indexed by another definition than it goes by now.
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

/** What tells a row: a column that is not in the primary key does not. */
function goingColumns(table: IndexTable): IndexColumn[] {
  return columnsOf(table).filter(({ name }) => table.primaryKey.includes(name));
}

/** The columns of a row, in its order. */
function columnsOf({ columns }: IndexTable): IndexColumn[] {
  return [PARAM, ...columns, EDGE, KEY];
}

/**
 * Index rows on their way into the database. The jobs of a group gather theirs here, so that a group costs one
 * statement a table and not one a table and job; whoever searches inside a job has them written first.
 */
export class IndexBuffer {
  #changes = new Map<string, TableChanges>();

  /** True where something is not in the database yet. */
  get pending(): boolean {
    return this.#changes.size > 0;
  }

  /**
   * Brings the rows of a resource from what the previous version gave to what the next gives. True where they differ.
   */
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

  /** Gives what was gathered, as rows for each of the `indexStatements`, and forgets it. */
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

  /** Forgets what was gathered: the job that it belongs to has failed. */
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
 * The rows as JSON; undefined where there is none. SQLite reads a neighbour of some decimals that have fewer than 17
 * figures, so that a search for the number itself would miss it: what is no integer goes as a text of 17.
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

/** The rows, told whose they are. */
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
 * Takes out of the rows that are to come what an earlier job of the group has added. They go nonetheless: an index
 * that another definition made may have had them before.
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

/** What tells the rows of one resource apart, whatever their edges: no text in a row has a NUL. */
function identityOf(row: IndexRow): string {
  return row.slice(0, -2).join('\0');
}

/** The rows of each side that the other does not have, `edge` included: a row whose edge changed goes and comes. */
function differences(old: IndexRow[], now: IndexRow[]): [going: IndexRow[], coming: IndexRow[]] {
  if (old.length === 0 || now.length === 0) return [old, now];
  // No text in a row has a NUL, and a column holds values of one type.
  const going = new Map(old.map((row) => [row.join('\0'), row]));
  const coming = now.filter((row) => !going.delete(row.join('\0')));
  return [[...going.values()], coming];
}
