import type { ElementDefinition } from '../../definition.ts';
import type { Json } from '../../json/value.ts';
import type { Access } from '../plan.ts';
import type { RowTest } from '../sql/row-test.ts';

/** Adds a row to the kind's table, to that of one of its variants, or to another. */
export type AddRow = (columns: (string | number)[], variant?: string, table?: string) => void;

/** Turns one value of an element into index rows. */
export type Reader = (value: Json, add: AddRow) => void;

/** What a kind needs to know to understand a value of a query. */
export interface ValueContext {
  modifier: string | undefined;
  /** The types of the elements that the parameter reads. */
  types: ReadonlySet<string>;
  /** The server's own address, without a trailing slash. */
  base: string;
  /** Milliseconds since the epoch. */
  now: number;
}

/** What a value of a query asks of a row. */
export interface RowMatch {
  where: RowTest;
  access: Access;
  variant?: string;
  /** Where the rows stand, if not in the table of the kind or the variant. */
  table?: string;
  /** Others of the same variant that do as well. */
  also?: RowMatch;
}

/** One kind of search: how values are indexed and how they are asked for. */
export interface SearchKind {
  /** The index table that it fills and reads. */
  table: string;
  /** The modifiers it knows beside `missing`, for a parameter that reads elements of these types. */
  modifiers(types: ReadonlySet<string>): readonly string[];
  /** The most characters of a value; where it is left out, those that any kind takes. */
  longest?: number;
  /** Rows kept apart under `code:variant`: the table of each. */
  variants?: Record<string, string>;
  /** The reader of an element by its type, or its children; undefined where the kind has no meaning for it. */
  reader(type: string, children?: Record<string, ElementDefinition>): Reader | undefined;
  /** Understands one value, whose separators may be escaped. Throws BadValue. */
  parse(text: string, context: ValueContext): RowMatch;
}

/** A value that a kind does not understand; the message says what is right. */
export class BadValue extends Error {}
