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
  // One process writes, and SQLite itself notes the highest key that there was.
  newKeys:
    `SELECT coalesce(max(seq), 0) + 1 AS first, ${Number.MAX_SAFE_INTEGER} AS last` +
    ` FROM sqlite_sequence WHERE name = 'resource'`,
  exclusive: true,
};

/** A number that came as a text becomes one. */
function columnFromJson({ name, type }: IndexColumn, place: number): string {
  const value = type === 'real' ? `CAST(value ->> ${place} AS REAL)` : `value ->> ${place}`;
  return `${value} AS ${name}`;
}

/**
 * Runs at the opening of every connection. `FULL`: a commit has reached the disk before it is answered. Two things are
 * left as SQLite has them: a cache of 2 MB, since the system's own holds the rest, and that a commit brings the log
 * into the file after 1,000 pages: more give no more writes, and hold each up for longer.
 */
const SETUP =
  'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 5000;';

/**
 * What is set beside it. The log grows while something reads for long, as a backup does, and SQLite would leave it as
 * large as it ever was: it is cut to 16 MiB where it begins anew, four times what it holds otherwise.
 * For bulk, whose writes nobody waits for one by one, the log holds sixteen times as much, 64 MB: a page that many
 * groups change comes into the file once for all of them. And its cache has 16 MB.
 */
const SETUP_OF = {
  writer: ' PRAGMA journal_size_limit = 16777216;',
  bulk: ' PRAGMA wal_autocheckpoint = 16000; PRAGMA cache_size = -16000;',
  reader: ' PRAGMA query_only = ON;',
};

/**
 * Pages of the log that are enough to bring it into the file once nobody waits for a write; a thousand make SQLite do
 * so within a commit.
 */
const PAGES_ENOUGH = 300;

const MOST_STATEMENTS = 400;

/**
 * Where a limit is a placeholder, SQLite plans by the number that is bound to it: it prepares the whole statement anew
 * each time it is bound. It does not look into a sum.
 */
function withOpaqueLimits(sql: string): string {
  return sql.replaceAll('LIMIT ?', 'LIMIT ? + 0');
}

/** What SQLite tells of its log, in pages. */
interface CheckpointRow {
  log: number;
  checkpointed: number;
}

/** A connection to a SQLite file with every SQL text prepared once. */
export class SqliteConnection implements WriterConnection {
  readonly #database: sqlite3.Database;
  readonly #statements = new Map<string, sqlite3.Statement>();
  readonly #preparing = new Map<string, Promise<sqlite3.Statement>>();
  /** How many views there are for statements that were joined. */
  #views = 0;
  readonly #settles: boolean;

  /** @param settles true where `settle` brings the log into the file */
  constructor(database: sqlite3.Database, settles = false) {
    this.#database = database;
    this.#settles = settles;
  }

  /** Opens the file, which is made when it is missing; a `reader` refuses every write. */
  static async open(path: string, access: keyof typeof SETUP_OF): Promise<SqliteConnection> {
    const connection = new SqliteConnection(await openFile(path), access === 'writer');
    try {
      await connection.exec(`${SETUP}${SETUP_OF[access]}`);
      return connection;
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  /** Runs statements that take no values and give no rows. */
  exec(sql: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#database.exec(sql, (error) => (error ? reject(asDatabaseError(error)) : resolve()));
    });
  }

  /** `.all` alone: `.get` and `.each` leave the statement's snapshot of the WAL open, so that later reads are stale. */
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

  /** They become the trigger of a view that has nothing else, each with a column of what is inserted. */
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

  /** A prepared statement, which is thereby the latest used. */
  #recall(sql: string): sqlite3.Statement | undefined {
    const statement = this.#statements.get(sql);
    if (!statement) return undefined;
    this.#statements.delete(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  /** Callers combine the parameters of searches as they like: the statements least used give way. */
  #remember(sql: string, statement: sqlite3.Statement): void {
    for (const [oldest, forgotten] of this.#statements) {
      if (this.#statements.size < MOST_STATEMENTS) break;
      this.#statements.delete(oldest);
      forgotten.finalize();
    }
    this.#statements.set(sql, statement);
  }

  /** A text is used only once it is prepared: calls that wait on one that cannot be are never answered. */
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
 * Takes a file for this process alone, until it is released or the process dies; undefined where another has it.
 * The file holds nothing: it is the system's lock on it that counts.
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
 * Copies a database, as it is at one moment, into a file that is there and empty. It only reads: a process that writes
 * meanwhile goes on. Rejects with a DatabaseError where there is no database, no room, or something else than one.
 */
export async function copyDatabase(path: string, into: string): Promise<void> {
  await withReadonly(path, (connection) => connection.run('VACUUM INTO ?', [into]));
}

/** Reads a database from end to end, and its indexes against its rows; gives what is wrong with it, if anything. */
export async function findDamage(path: string): Promise<string | undefined> {
  const rows = await withReadonly(path, (connection) =>
    connection.all<{ integrity_check: string }>('PRAGMA integrity_check(1)'),
  );
  const [found] = rows.map((row) => row.integrity_check);
  return found === 'ok' ? undefined : (found ?? 'it cannot be read');
}

/** Says whether a file is a database with a table of this name. Rejects with a DatabaseError where it is none. */
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

/** What was written and could not be flushed to the disk may be found there by a process that comes after this one. */
const FAULTS: Record<string, DatabaseFault> = {
  SQLITE_CONSTRAINT: 'constraint',
  SQLITE_BUSY: 'contention',
  SQLITE_IOERR: 'lost',
};

function asDatabaseError(error: Error): DatabaseError {
  const code = 'code' in error ? String(error.code) : '';
  return new DatabaseError(FAULTS[code] ?? 'failure', error.message, error);
}
