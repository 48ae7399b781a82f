import type { ElementDefinition } from '../../definition.ts';
import type { Json } from '../../json/value.ts';
import type { Access } from '../plan.ts';
import type { RowTest } from '../sql/row-test.ts';

/** Adds a row to the table of the kind, of one of its variants, or to another table. */
export type AddRow = (columns: (string | number)[], variant?: string, table?: string) => void;

/** Converts a value of an element to index rows. */
export type Reader = (value: Json, add: AddRow) => void;

/** What a kind needs to parse a search value. */
export interface ValueContext {
  modifier: string | undefined;
  /** The types of the elements that the parameter reads. */
  types: ReadonlySet<string>;
  /** The server's base URL without a trailing slash. */
  base: string;
  /** Milliseconds since the epoch. */
  now: number;
}

/** The condition on index rows that a search value expresses. */
export interface RowMatch {
  where: RowTest;
  access: Access;
  variant?: string;
  /** The table of the rows, if it is not that of the kind or the variant. */
  table?: string;
  /** An alternative condition of the same variant, in another table. */
  also?: RowMatch;
}

/** A search kind: how values are indexed and searched. */
export interface SearchKind {
  /** Its index table. */
  table: string;
  /** Returns its modifiers besides `missing`, for a parameter that reads elements of these types. */
  modifiers(types: ReadonlySet<string>): readonly string[];
  /** Maximum length of a search value in characters; default: the limit for all kinds. */
  longest?: number;
  /** Rows stored separately under `code:variant`: the table of each variant. */
  variants?: Record<string, string>;
  /** Returns the reader for an element by its type or children; undefined if the kind does not apply to it. */
  reader(type: string, children?: Record<string, ElementDefinition>): Reader | undefined;
  /** Parses one search value, whose separators may be escaped. Throws BadValue. */
  parse(text: string, context: ValueContext): RowMatch;
}

/** A value that a kind cannot parse; the message says what is right. */
export class BadValue extends Error {}
