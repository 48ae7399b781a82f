import { createHash } from 'node:crypto';

/**
 * The index tables. Migrations create them and the storage code fills them, without knowledge of search kinds.
 *
 * Besides its own columns, every table has `param` (the parameter's number), `key` (the resource's) and `edge`. There
 * is no index on `key` alone: to delete rows, they are recomputed from the version that they were made from.
 */
export interface IndexTable {
  name: string;
  /** The table's own columns in the order of a row; all NOT NULL. */
  columns: IndexColumn[];
  /** All columns except `edge` and those that depend on the others, in the order that searches need. */
  primaryKey: string[];
  /** The columns of each further index. */
  indexes: string[][];
  /** The sort column, if the table has an order; `key` follows it in an index, directly or in the primary key. */
  order?: string;
}

export interface IndexColumn {
  name: string;
  /** `integer` holds 53 bits, `real` is a double. Text compares by code point. */
  type: 'text' | 'integer' | 'real';
}

/**
 * Rows by table name, each `[param, ...columns, edge, key]`. No two rows of a table differ only in `edge`. `key` is 0
 * until the rows are written to the database.
 */
export type IndexRows = Map<string, IndexRow[]>;

export type IndexRow = (string | number)[];

/**
 * Bits of `edge` (an integer of 53 bits). The other bits identify the elements that a row of a composite comes from.
 */
export const LOWEST = 1;
export const HIGHEST = 2;
/** The number of elements of a composite that have their own bit, above the two lowest bits. */
const ELEMENTS = 51;
export const ELEMENT_BITS: readonly number[] = Array.from({ length: ELEMENTS }, (_, place) => 2 ** (place + 2));
/** The number of groups of elements: the rows of each further 51 elements have their own parameter number. */
export const ELEMENT_GROUPS = 8;
/** Number of elements that are told apart: each later one shares the place of an earlier one. */
export const ELEMENTS_APART = ELEMENTS * ELEMENT_GROUPS;

/** Returns the group and the bit of an element of a composite (1, 2, …). */
export function placeOfElement(element: number): { group: number; bit: number } {
  const place = element - 1;
  return { group: Math.min(Math.floor(place / ELEMENTS), ELEMENT_GROUPS - 1), bit: 2 ** ((place % ELEMENTS) + 2) };
}

/** Returns the numbers of a composite's component, one per group of elements. */
export function partNumbers(number: number): number[] {
  return Array.from({ length: ELEMENT_GROUPS }, (_, group) => number - group);
}

function text(name: string): IndexColumn {
  return { name, type: 'text' };
}

function integer(name: string): IndexColumn {
  return { name, type: 'integer' };
}

function real(name: string): IndexColumn {
  return { name, type: 'real' };
}

/**
 * One table per family of search kinds. `key` comes right after the value that a search gives in full: matches of one
 * value come in key order, and one resource is probed by a single seek. Dates and numbers are mostly searched by
 * ranges; for these, another index serves lookups by key.
 */
export const INDEX_TABLES: IndexTable[] = [
  {
    name: 'search_token',
    columns: [text('code'), text('system')],
    primaryKey: ['param', 'code', 'key', 'system'],
    indexes: [],
    order: 'code',
  },
  {
    name: 'search_string',
    columns: [text('folded'), text('exact')],
    primaryKey: ['param', 'folded', 'key', 'exact'],
    indexes: [],
    order: 'folded',
  },
  {
    // Texts that are too long for an index key, found by their digests.
    name: 'search_text',
    columns: [text('digest'), text('whole')],
    primaryKey: ['param', 'key', 'digest'],
    indexes: [],
  },
  {
    name: 'search_date',
    columns: [integer('low'), integer('high')],
    primaryKey: ['param', 'low', 'key', 'high'],
    indexes: [
      ['param', 'high'],
      ['param', 'key', 'low', 'high'],
    ],
    order: 'low',
  },
  {
    name: 'search_reference',
    columns: [text('target'), text('target_type')],
    primaryKey: ['param', 'target', 'key', 'target_type'],
    indexes: [],
    order: 'target',
  },
  {
    name: 'search_quantity',
    columns: [real('low'), real('high'), text('system'), text('code'), text('unit')],
    primaryKey: ['param', 'low', 'key', 'high', 'system', 'code', 'unit'],
    indexes: [
      ['param', 'high'],
      ['param', 'key', 'low', 'high'],
    ],
    order: 'low',
  },
  {
    name: 'search_uri',
    columns: [text('value')],
    primaryKey: ['param', 'value', 'key'],
    indexes: [],
    order: 'value',
  },
  {
    name: 'search_position',
    columns: [real('x'), real('y'), real('z')],
    primaryKey: ['param', 'z', 'key', 'x', 'y'],
    indexes: [],
  },
];

/** The tables in which one seek finds a resource's rows of a parameter, whatever their values. */
export const TABLES_BY_KEY: ReadonlySet<string> = new Set(
  INDEX_TABLES.filter(({ primaryKey, indexes }) => [primaryKey, ...indexes].some(([, second]) => second === 'key')).map(
    ({ name }) => name,
  ),
);

/** Returns the column that a search seeks by in a table, after `param`. */
export function firstColumn(table: string): string {
  return INDEX_TABLES.find(({ name }) => name === table)?.primaryKey[1] ?? 'key';
}

/** Returns the type of a sort column, including those of `resource`. */
export function columnType(table: string, column: string): IndexColumn['type'] {
  if (table === 'resource') return column === 'last_updated' ? 'integer' : 'text';
  const found = INDEX_TABLES.find(({ name }) => name === table)?.columns.find(({ name }) => name === column);
  return found?.type ?? 'text';
}

/**
 * Returns the number of a parameter in the index: the first 31 bits of the SHA-256 of `Type.code`. `code` may have a
 * suffix for rows that a kind stores separately (`subject:identifier`).
 */
export function parameterNumber(type: string, code: string): number {
  return createHash('sha256').update(`${type}.${code}`).digest().readUInt32BE(0) >>> 1;
}
