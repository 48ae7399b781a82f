/** A value bound to a placeholder; never part of the SQL text. */
export type Binding = string | number | null;

/**
 * A database connection as the engine sees it. SQL is written once, with `?` placeholders; the dialect translates them
 * and prepares each text once. Both methods reject with a `DatabaseError`.
 */
export interface Connection {
  /** Runs a query and returns all its rows. */
  all<Row>(sql: string, bindings?: readonly Binding[]): Promise<Row[]>;
  /** Runs a statement and returns the number of changed rows. */
  run(sql: string, bindings?: readonly Binding[]): Promise<number>;
}

/** Runs joined statements. Takes the rows of each statement as a JSON array, or undefined to skip that statement. */
export type Joined = (rows: readonly (string | undefined)[]) => Promise<void>;

/** The only connection that writes. */
export interface WriterConnection extends Connection {
  /**
   * Joins statements, each of which binds one JSON array of rows, into a function that runs them in order, in one round
   * trip to the database where it can. If one process makes all writes, they need no transaction around them: they are
   * atomic, and are on the disk when the function resolves. Call it while no transaction is open.
   */
  join(statements: readonly string[]): Promise<Joined>;
  /** Does pending work that can wait until callers have their responses (a WAL checkpoint). Absent if there is none. */
  settle?(): Promise<void>;
  /** True if the connection has already ended, for instance after a long idle time. */
  readonly isLost?: boolean;
  close(): Promise<void>;
}

/** The kinds of database errors, by who has to deal with them. */
export type DatabaseFault =
  /** A value or a row violates a constraint: the statement is at fault. */
  | 'constraint'
  /** Another node was faster (deadlock, serialization failure): the same work may succeed when run again. */
  | 'contention'
  /**
   * The connection ended before the response, or the disk failed: it is unknown here whether the statement was done.
   */
  | 'lost'
  /** Anything else: disk, syntax. The state of the transaction is unknown. */
  | 'failure';

/** An error from the database, never from the code that uses it. */
export class DatabaseError extends Error {
  readonly fault: DatabaseFault;

  constructor(fault: DatabaseFault, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'DatabaseError';
    this.fault = fault;
  }
}
