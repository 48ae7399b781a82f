import sqlite3 from 'sqlite3';
import type { IndexColumn } from '../search/index/tables.ts';
import {
  type Binding,
  type Connection,
  DatabaseError,
  type DatabaseFault,
  type Joined,
  type WriterConnection,
} from '../storage/connection.ts';
import type { Dialect } from './dialect.ts';

/** SQLite: one file, one process, one writer. */
export const sqlite: Dialect = {
  name: 'sqlite',
  begin: 'BEGIN IMMEDIATE',
  forUpdate: '',
  forShare: '',
  resourcesAt: (columns, addresses) => `SELECT ${columns} FROM resource WHERE (type, id) IN (${addresses})`,
  lock: undefined,
  rowsFromJson: (columns) => `SELECT ${columns.map(columnFromJson).join(', ')} FROM jsonb_each(?)`,
  // Only one process writes, and SQLite stores the highest key ever used.
  newKeys:
    `SELECT coalesce(max(seq), 0) + 1 AS first, ${Number.MAX_SAFE_INTEGER} AS last` +
    ` FROM sqlite_sequence WHERE name = 'resource'`,
  exclusive: true,
};

/** Converts a number that was sent as text. */
function columnFromJson({ name, type }: IndexColumn, place: number): string {
  const value = type === 'real' ? `CAST(value ->> ${place} AS REAL)` : `value ->> ${place}`;
  return `${value} AS ${name}`;
}

/**
 * Runs when a connection is opened. `FULL`: a commit is on the disk before it is answered. Two defaults of SQLite stay:
 * a cache of 2 MB, since the operating system caches the rest, and an automatic checkpoint after 1,000 pages; a higher
 * value gives no more throughput and makes each checkpoint block longer.
 */
const SETUP =
  'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 5000;';

/**
 * Further settings by kind of connection. The WAL grows during a long read, such as a backup, and SQLite would keep its
 * file at that size: it is truncated to 16 MiB when the WAL restarts, four times its usual size. In bulk mode nobody
 * waits for single writes, so the WAL may hold sixteen times as much, 64 MB: a page that many groups change is
 * checkpointed once for all of them. The cache is 16 MB then.
 */
const SETUP_OF = {
  writer: ' PRAGMA journal_size_limit = 16777216;',
  bulk: ' PRAGMA wal_autocheckpoint = 16000; PRAGMA cache_size = -16000;',
  reader: ' PRAGMA query_only = ON;',
};

/** WAL pages that justify a checkpoint once nobody waits for a write; at 1,000, SQLite runs one inside a commit. */
const PAGES_ENOUGH = 300;

/** WAL pages (16 MiB) that are too many. Usually the WAL restarts after a quarter of them. */
const PAGES_TOO_MANY = 4096;

const MOST_STATEMENTS = 400;

/**
 * SQLite plans by the bound value of a `LIMIT ?`, and so prepares the statement again for each binding. It does not
 * look into a sum.
 */
function withOpaqueLimits(sql: string): string {
  return sql.replaceAll('LIMIT ?', 'LIMIT ? + 0');
}

/** The state of the WAL, in pages. */
interface CheckpointRow {
  log: number;
  checkpointed: number;
}

/** Requests that searches pause. Returns a function that ends the pause if they do; undefined until then. */
export type PauseSearches = () => (() => void) | undefined;

/** A connection to a SQLite file that prepares each SQL text once. */
export class SqliteConnection implements WriterConnection {
  readonly #database: sqlite3.Database;
  readonly #statements = new Map<string, sqlite3.Statement>();
  readonly #preparing = new Map<string, Promise<sqlite3.Statement>>();
  /** The number of views made by `join`. */
  #views = 0;
  readonly #settles: boolean;
  readonly #pauseSearches: PauseSearches;

  /** @param settles true if `settle` runs WAL checkpoints */
  constructor(database: sqlite3.Database, settles = false, pauseSearches: PauseSearches = () => undefined) {
    this.#database = database;
    this.#settles = settles;
    this.#pauseSearches = pauseSearches;
  }

  /** Opens the file and creates it if it is missing; a `reader` refuses every write. */
  static async open(
    path: string,
    access: keyof typeof SETUP_OF,
    pauseSearches?: PauseSearches,
  ): Promise<SqliteConnection> {
    const connection = new SqliteConnection(await openFile(path), access === 'writer', pauseSearches);
    try {
      await connection.exec(`${SETUP}${SETUP_OF[access]}`);
      return connection;
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  /** Runs statements without bindings and results. */
  exec(sql: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#database.exec(sql, (error) => (error ? reject(asDatabaseError(error)) : resolve()));
    });
  }

  /** Uses only `.all`: `.get` and `.each` leave the statement's WAL snapshot open, so that later reads are stale. */
  async all<Row>(sql: string, bindings: readonly Binding[] = []): Promise<Row[]> {
    const statement = this.#recall(sql) ?? (await this.#prepare(sql));
    return new Promise((resolve, reject) => {
      statement.all<Row>(bindings, (error, rows) => (error ? reject(asDatabaseError(error)) : resolve(rows)));
    });
  }

  async run(sql: string, bindings: readonly Binding[] = []): Promise<number> {
    const statement = this.#recall(sql) ?? (await this.#prepare(sql));
    return new Promise((resolve, reject) => {
      statement.run(bindings, function (error) {
        if (error) reject(asDatabaseError(error));
        else resolve(this.changes);
      });
    });
  }

  /** The statements become a trigger on an otherwise empty view, with one inserted column per statement. */
  async join(statements: readonly string[]): Promise<Joined> {
    this.#views += 1;
    const name = `joined_${this.#views}`;
    const columns = statements.map((_, place) => `rows_${place}`);
    const body = statements.map((sql, place) => `${sql.replace('?', `NEW.${columns[place]}`)};`);
    await this.exec(
      `CREATE TEMP VIEW ${name} AS SELECT ${columns.map((column) => `NULL AS ${column}`).join(', ')};` +
        ` CREATE TEMP TRIGGER ${name}_run INSTEAD OF INSERT ON ${name} BEGIN ${body.join(' ')} END;`,
    );
    const insert = `INSERT INTO ${name} VALUES (${columns.map(() => '?').join(', ')})`;
    return async (rows) => {
      await this.run(
        insert,
        columns.map((_, place) => rows[place] ?? null),
      );
    };
  }

  async settle(): Promise<void> {
    if (!this.#settles) return;
    const [state] = await this.all<CheckpointRow>('PRAGMA wal_checkpoint(NOOP)');
    if (state && state.log - state.checkpointed >= PAGES_ENOUGH) await this.all('PRAGMA wal_checkpoint(PASSIVE)');
    if (state && state.log >= PAGES_TOO_MANY) await this.#restartLog();
  }

  /**
   * Lets the WAL restart once the searches pause, for which no write waits. Writes wait up to 0.25 s for other readers;
   * a longer read, such as a backup, keeps the WAL.
   */
  async #restartLog(): Promise<void> {
    const endPause = this.#pauseSearches();
    if (!endPause) return;
    try {
      await this.exec('PRAGMA busy_timeout = 250');
      await this.all('PRAGMA wal_checkpoint(RESTART)').finally(() => this.exec('PRAGMA busy_timeout = 5000'));
    } finally {
      endPause();
    }
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

  /** Returns a cached statement, and marks it as most recently used. */
  #recall(sql: string): sqlite3.Statement | undefined {
    const statement = this.#statements.get(sql);
    if (!statement) return undefined;
    this.#statements.delete(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  /** Clients combine search parameters freely: the least recently used statements are evicted. */
  #remember(sql: string, statement: sqlite3.Statement): void {
    for (const [oldest, forgotten] of this.#statements) {
      if (this.#statements.size < MOST_STATEMENTS) break;
      this.#statements.delete(oldest);
      forgotten.finalize();
    }
    this.#statements.set(sql, statement);
  }

  /** A statement is used only once it is prepared: calls on one whose preparation failed would never return. */
  #prepare(sql: string): Promise<sqlite3.Statement> {
    const known = this.#preparing.get(sql);
    if (known) return known;
    const preparing = new Promise<sqlite3.Statement>((resolve, reject) => {
      const statement = this.#database.prepare(withOpaqueLimits(sql), (error: Error | null) => {
        this.#preparing.delete(sql);
        if (error) return reject(asDatabaseError(error));
        this.#remember(sql, statement);
        resolve(statement);
      });
    });
    this.#preparing.set(sql, preparing);
    return preparing;
  }
}

/**
 * Locks a file for this process until it is released or the process dies; undefined if another process holds it. The
 * file is empty: only the operating system's lock matters.
 */
export async function holdExclusively(path: string): Promise<{ release(): Promise<void> } | undefined> {
  const connection = new SqliteConnection(await openFile(path));
  try {
    await connection.exec('PRAGMA busy_timeout = 0; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE;');
    return { release: () => connection.close() };
  } catch (error) {
    await connection.close();
    if (error instanceof DatabaseError && error.fault === 'contention') return undefined;
    throw error;
  }
}

/**
 * Copies a consistent snapshot of a database into an existing empty file. It only reads, so another process can go on
 * writing. Rejects with a DatabaseError if there is no database, no room, or the file is not a database.
 */
export async function copyDatabase(path: string, into: string): Promise<void> {
  await withReadonly(path, (connection) => connection.run('VACUUM INTO ?', [into]));
}

/** Checks all pages of a database, and its indexes against its rows; returns what is damaged, or undefined. */
export async function findDamage(path: string): Promise<string | undefined> {
  const rows = await withReadonly(path, (connection) =>
    connection.all<{ integrity_check: string }>('PRAGMA integrity_check(1)'),
  );
  const [found] = rows.map((row) => row.integrity_check);
  return found === 'ok' ? undefined : (found ?? 'it cannot be read');
}

/** Returns whether a file is a database with this table. Rejects with a DatabaseError if it is not a database. */
export async function hasTable(path: string, table: string): Promise<boolean> {
  const found = await withReadonly(path, (connection) =>
    connection.all("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", [table]),
  );
  return found.length > 0;
}

async function withReadonly<Result>(path: string, work: (connection: Connection) => Promise<Result>): Promise<Result> {
  const connection = new SqliteConnection(await openFile(path, sqlite3.OPEN_READONLY));
  try {
    await connection.exec('PRAGMA busy_timeout = 5000;');
    return await work(connection);
  } finally {
    await connection.close();
  }
}

const MADE_IF_MISSING = sqlite3.OPEN_READWRITE | sqlite3.OPEN_CREATE;

function openFile(path: string, mode: number = MADE_IF_MISSING): Promise<sqlite3.Database> {
  return new Promise((resolve, reject) => {
    const opened = new sqlite3.Database(path, mode, (error) =>
      error ? reject(asDatabaseError(error)) : resolve(opened),
    );
  });
}

/** SQLITE_IOERR counts as lost: a later process may find on the disk what could not be flushed. */
const FAULTS: Record<string, DatabaseFault> = {
  SQLITE_CONSTRAINT: 'constraint',
  SQLITE_BUSY: 'contention',
  SQLITE_IOERR: 'lost',
};

function asDatabaseError(error: Error): DatabaseError {
  const code = 'code' in error ? String(error.code) : '';
  return new DatabaseError(FAULTS[code] ?? 'failure', error.message, error);
}
