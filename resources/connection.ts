/** A value bound to a placeholder: never part of the SQL text. */
export type Binding = string | number | null;

/**
 * One database connection as the engine sees it. SQL is written once, with `?` placeholders; a dialect
 * turns them into its own and prepares each text once.
 */
export interface Connection {
  /** Runs a query and gives all its rows. */
  all<Row>(sql: string, bindings?: readonly Binding[]): Promise<Row[]>;
  /** Runs a statement and gives the number of rows it changed. */
  run(sql: string, bindings?: readonly Binding[]): Promise<number>;
}
