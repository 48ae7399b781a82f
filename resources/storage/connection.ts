/** A value bound to a placeholder: never part of the SQL text. */
export type Binding = string | number | null;

/**
 * One database connection as the engine sees it. SQL is written once, with `?` placeholders; a dialect
 * turns them into its own and prepares each text once. Both methods reject with a `DatabaseError`.
 */
export interface Connection {
  /** Runs a query and gives all its rows. */
  all<Row>(sql: string, bindings?: readonly Binding[]): Promise<Row[]>;
  /** Runs a statement and gives the number of rows it changed. */
  run(sql: string, bindings?: readonly Binding[]): Promise<number>;
}

/** Runs statements that were joined: of each the rows that it takes as a JSON array, or undefined to leave it out. */
export type Joined = (rows: readonly (string | undefined)[]) => Promise<void>;

/** The one connection that writes. */
export interface WriterConnection extends Connection {
  /**
   * Joins statements, each of which binds one JSON array of rows, to what runs them one after another, in one way to
   * the database where it can. Where one process makes every write, they need no transaction around them: all of them
   * are done or none, and they have reached the disk when it resolves. To be called while no transaction is open.
   */
  join(statements: readonly string[]): Promise<Joined>;
  /** Does what is due and can wait until callers have their answers. Without it, nothing is. */
  settle?(): Promise<void>;
  close(): Promise<void>;
}

/** What a database refused, told apart by who has to answer for it. */
export type DatabaseFault =
  /** A value or a row breaks a constraint: the statement's own fault. */
  | 'constraint'
  /** Another node was faster (deadlock, serialization): the same work may succeed when run again. */
  | 'contention'
  /** The connection ended before the answer, or the disk failed: nobody can say here whether the statement was done. */
  | 'lost'
  /** Anything else: disk, syntax. Nothing more can be said about the transaction. */
  | 'failure';

/** An error that came from the database, never from the code that used it. */
export class DatabaseError extends Error {
  readonly fault: DatabaseFault;

  constructor(fault: DatabaseFault, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'DatabaseError';
    this.fault = fault;
  }
}
