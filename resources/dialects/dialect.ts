import type { IndexColumn } from '../search/index/tables.ts';

/** The pieces of SQL that differ between the databases. All other SQL is written once. */
export interface Dialect {
  name: 'sqlite' | 'postgres';
  /** Begins a transaction that may write. */
  begin: string;
  /** Appended to a SELECT: locks the rows against other nodes until the transaction ends. */
  forUpdate: string;
  /** Appended to a SELECT: a shared lock on the rows; nobody may change them until the transaction ends. */
  forShare: string;
  /**
   * Returns a query for columns of the resources whose types and ids another query returns. It locks them against other
   * nodes until the transaction ends, on all nodes in the order of creation.
   */
  resourcesAt(columns: string, addresses: string): string;
  /** A query that locks the bound number until the transaction ends; undefined if only one process writes. */
  lock: string | undefined;
  /**
   * Returns a query that converts a bound JSON array of arrays to rows with these columns; a real may be given as text.
   */
  rowsFromJson(columns: readonly IndexColumn[]): string;
  /** A query for ranges of unused keys: `first` to `last`. */
  newKeys: string;
  /** True if no other process can write to the database while it is open. */
  exclusive: boolean;
}
