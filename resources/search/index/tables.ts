import { createHash } from 'node:crypto';

/**
 * The index tables: what migrations create and the store fills, without either knowing a kind of search.
 *
 * Every table has, beside its own columns, `param` (the parameter's number), `key` (the resource's) and `edge`.
 * There is no index by `key` alone: whoever removes rows computes them again from the version they were made from.
 */
export interface IndexTable {
  name: string;
  /** The table's own columns, in the order of a row. None is ever null. */
  columns: IndexColumn[];
  /** All columns but `edge` and those that the others decide, in the order that searches need. */
  primaryKey: string[];
  /** Further indexes: the columns of each. */
  indexes: string[][];
  /** What a sort goes by, where there is an order; `key` stands behind it, directly or in the primary key. */
  order?: string;
}

export interface IndexColumn {
  name: string;
  /** `integer` holds 53 bits, `real` is a double. Text compares by code point. */
  type: 'text' | 'integer' | 'real';
}

/**
 * Rows by table name, each `[param, ...columns, edge, key]`. No two rows of a table agree in all but `edge`. The key of
 * the resource is 0 until the rows are on their way into the database.
 */
export type IndexRows = Map<string, IndexRow[]>;

export type IndexRow = (string | number)[];

/** Bits of `edge` (an integer of 53 bits): the rest of it tells apart the elements a composite was made from. */
export const LOWEST = 1;
export const HIGHEST = 2;
/** So many elements of a composite have a bit of their own, above the lowest two. */
const ELEMENTS = 51;
export const ELEMENT_BITS: readonly number[] = Array.from({ length: ELEMENTS }, (_, place) => 2 ** (place + 2));
/** How many times as many are told apart: the rows of each further 51 stand under a number of their own. */
export const ELEMENT_GROUPS = 8;

/** Where the rows of an element of a composite (1, 2, …) stand: their group, and their bit. */
export function placeOfElement(element: number): { group: number; bit: number } {
  const place = element - 1;
  return { group: Math.min(Math.floor(place / ELEMENTS), ELEMENT_GROUPS - 1), bit: 2 ** ((place % ELEMENTS) + 2) };
}

/** The numbers of a composite's part, that of each group of elements. */
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
 * One table a family of kinds. `key` stands right behind the value that a search gives in full, so that
 * matches of one value come in the order of keys and one resource is probed by a single seek. Dates and numbers
 * are mostly searched by ranges, which leave both to an index by key.
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
    // Texts that are longer than a key may be, known by their digests.
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

/** The tables in which a resource's rows of a parameter are found by a seek, whatever their values. */
export const TABLES_BY_KEY: ReadonlySet<string> = new Set(
  INDEX_TABLES.filter(({ primaryKey, indexes }) => [primaryKey, ...indexes].some(([, second]) => second === 'key')).map(
    ({ name }) => name,
  ),
);

/** The column by which a search finds the rows of a parameter in a table. */
export function firstColumn(table: string): string {
  return INDEX_TABLES.find(({ name }) => name === table)?.primaryKey[1] ?? 'key';
}

/** The type of a column that a sort may go by, those of `resource` among them. */
export function columnType(table: string, column: string): IndexColumn['type'] {
  if (table === 'resource') return column === 'last_updated' ? 'integer' : 'text';
  const found = INDEX_TABLES.find(({ name }) => name === table)?.columns.find(({ name }) => name === column);
  return found?.type ?? 'text';
}

/**
 * The number of a parameter in the index: the first 31 bits of the SHA-256 of `Type.code`.
 * `code` may carry a suffix for rows that a kind keeps apart (`subject:identifier`).
 */
export function parameterNumber(type: string, code: string): number {
  return createHash('sha256').update(`${type}.${code}`).digest().readUInt32BE(0) >>> 1;
}
