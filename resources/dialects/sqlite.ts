import sqlite3 from 'sqlite3';
import { type Binding, type Connection, DatabaseError } from '../connection.ts';
import type { Dialect } from './dialect.ts';

/** SQLite: one file, one process, one writer. */
export const sqlite: Dialect = {
  name: 'sqlite',
  begin: 'BEGIN IMMEDIATE',
  forUpdate: '',
  rowsFromJson: (columns) =>
    `SELECT ${columns.map((_, place) => `value ->> ${place}`).join(', ')} FROM json_each(?)`,
  exclusive: true,
};

/** Runs at the opening of every connection. `FULL`: a commit has reached the disk before it is answered. */
const SETUP = 'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 5000;';

/** A connection to a SQLite file with every SQL text prepared once. */
export class SqliteConnection implements Connection {
  readonly #database: sqlite3.Database;
  readonly #statements = new Map<string, sqlite3.Statement>();

  private constructor(database: sqlite3.Database) {
    this.#database = database;
  }

  /** Opens the file, which is made when it is missing; `readonly` refuses every write. */
  static async open(path: string, access: 'writer' | 'reader'): Promise<SqliteConnection> {
    const database = await new Promise<sqlite3.Database>((resolve, reject) => {
      const opened = new sqlite3.Database(path, (error) => (error ? reject(asDatabaseError(error)) : resolve(opened)));
    });
    const connection = new SqliteConnection(database);
    await connection.exec(access === 'reader' ? `${SETUP} PRAGMA query_only = ON;` : SETUP);
    return connection;
  }

  /** Runs statements that take no values and give no rows. */
  exec(sql: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#database.exec(sql, (error) => (error ? reject(asDatabaseError(error)) : resolve()));
    });
  }

  /** `.all` alone: `.get` and `.each` leave the statement's snapshot of the WAL open, so that later reads are stale. */
  all<Row>(sql: string, bindings: readonly Binding[] = []): Promise<Row[]> {
    return new Promise((resolve, reject) => {
      this.#prepare(sql).all<Row>(bindings, (error, rows) => (error ? reject(asDatabaseError(error)) : resolve(rows)));
    });
  }

  run(sql: string, bindings: readonly Binding[] = []): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#prepare(sql).run(bindings, function (error) {
        if (error) reject(asDatabaseError(error));
        else resolve(this.changes);
      });
    });
  }

  async close(): Promise<void> {
    for (const statement of this.#statements.values()) {
      await new Promise<void>((resolve) => {
        statement.finalize(() => resolve());
      });
    }
    this.#statements.clear();
    await new Promise<void>((resolve, reject) => {
      this.#database.close((error) => (error ? reject(asDatabaseError(error)) : resolve()));
    });
  }

  #prepare(sql: string): sqlite3.Statement {
    const known = this.#statements.get(sql);
    if (known) return known;
    // A text that does not prepare is reported by the call that uses it; it must not be kept.
    const statement = this.#database.prepare(sql, (error: Error | null) => {
      if (error) this.#statements.delete(sql);
    });
    this.#statements.set(sql, statement);
    return statement;
  }
}

function asDatabaseError(error: Error): DatabaseError {
  const code = 'code' in error ? String(error.code) : '';
  return new DatabaseError(code === 'SQLITE_CONSTRAINT' ? 'constraint' : 'failure', error.message, error);
}
