import type { IndexColumn } from '../search/index/tables.ts';

/** The few pieces of SQL in which the databases differ. Everything else is written once. */
export interface Dialect {
  name: 'sqlite' | 'postgres';
  /** Opens a transaction that may write. */
  begin: string;
  /** After a SELECT: keeps the rows from other nodes until the end of the transaction. */
  forUpdate: string;
  /** After a SELECT: others may do the same, and nobody may change the rows until the end of the transaction. */
  forShare: string;
  /**
   * A query for some columns of the resources at the types and ids that another query gives. Other nodes may not change
   * them until the end of the transaction: all take them in one order, that in which they were made.
   */
  resourcesAt(columns: string, addresses: string): string;
  /** A query that makes others who bind the same number wait until the transaction ends; none where one writes. */
  lock: string | undefined;
  /** A query that turns one bound JSON array of arrays into rows of these named columns; a real may be a text. */
  rowsFromJson(columns: readonly IndexColumn[]): string;
  /** A query for keys that no resource has had, in runs: `first` to `last`. */
  newKeys: string;
  /** True where no other process can write this database while it is open. */
  exclusive: boolean;
}
