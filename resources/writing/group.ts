import type { Clock } from '../clock.ts';
import type { Dialect } from '../dialects/dialect.ts';
import type { Change } from '../engine.ts';
import { parameterNumber } from '../search/index/tables.ts';
import { type Connection, DatabaseError, type Joined, type WriterConnection } from '../storage/connection.ts';
import type { Address, KnownVersions } from '../storage/known-versions.ts';
import type { LockSet } from './lock-set.ts';
import { WriteBuffer } from './write-buffer.ts';

/** What a job works with: the writer's connection inside the group's transaction, and the buffers of the group. */
export interface JobContext extends Pick<WriteBuffer, 'versions' | 'credentials' | 'index'> {
  connection: Connection;
  /** The start of the job in milliseconds; a group may have begun before the job was submitted. */
  now: number;
  /** Changes to report to listeners after the commit. */
  changes: Change[];
  /** Locks a type against decisions by other nodes until the group ends. */
  hold(type: string): Promise<void>;
  /** Requires that resources are locked against other nodes, see `Transaction.look`. */
  look(addresses: readonly Address[]): Promise<void>;
  /** Sends to the database all that the group has buffered, index rows included, so that a search finds it. */
  flush(): Promise<void>;
}

/** A unit of writing. It may run more than once before it commits, so it must keep no state between runs. */
export type Job<Result> = (context: JobContext) => Promise<Result>;

/** The result of a job. */
export interface Outcome {
  value?: unknown;
  error?: unknown;
  changes: Change[];
}

/** Thrown inside a group to run it again with a savepoint around each job. */
export class RunAgain extends Error {}

/** Thrown inside a group to run it again, locking ahead the resources that a job turned out to read. */
export class MissingLocks extends Error {
  readonly looksAt: readonly Address[];

  constructor(looksAt: readonly Address[]) {
    super('A job looks at more than its lock set names.');
    this.looksAt = looksAt;
  }
}

/** Thrown if no transaction could be begun; another attempt would fail too. */
export class CannotBegin extends Error {
  constructor(cause: unknown) {
    super(`Cannot begin a transaction: ${String(cause)}`, { cause });
  }
}

/** Thrown if the connection ended after a COMMIT was sent and before its response. */
export class InDoubt extends Error {}

export interface GroupOptions {
  dialect: Dialect;
  clock: Clock;
  connection: WriterConnection;
  /** Runs the `flushStatements` on the connection. */
  write: Joined;
  known: KnownVersions;
  /** True if each job has its own savepoint. */
  savepoints: boolean;
  /**
   * True if the group runs again when a job reads outside its lock set; otherwise that is locked when it is read.
   */
  patient: boolean;
}

/**
 * Jobs that commit together. If no other process writes, a transaction is begun only for a job that queries the
 * database itself; otherwise one joined statement writes what was buffered, in a transaction of its own.
 */
export class Group {
  readonly buffer: WriteBuffer;
  readonly #options: GroupOptions;
  #beginning: Promise<unknown> | undefined;

  constructor(options: GroupOptions) {
    this.#options = options;
    const { savepoints: undoable, write, patient: _patient, ...rest } = options;
    this.buffer = new WriteBuffer({ ...rest, undoable }, write);
  }

  /** Begins the transaction if one is needed before the first query. Throws CannotBegin. */
  async open(): Promise<void> {
    if (this.#options.savepoints || !this.#options.dialect.exclusive) await this.#begin();
  }

  /** Locks the types and then reads the resources of all lock sets. */
  async lock(all: readonly LockSet[]): Promise<void> {
    const held = new Set(all.flatMap(({ holds = [] }) => holds));
    for (const type of [...held].sort()) await this.#hold(this.#options.connection, type);
    await this.buffer.versions.look(all.flatMap(({ looksAt = [] }) => looksAt));
  }

  /** Runs one job. A failure of the job is its outcome; a failure of the database is thrown. */
  async run(job: Job<unknown>): Promise<Outcome> {
    const { connection, clock, savepoints, patient } = this.#options;
    const { versions, credentials, index, written } = this.buffer;
    const tracked = this.#tracked();
    const changes: Change[] = [];
    const flush = () => this.#flushInside();
    const hold = (type: string) => this.#hold(tracked, type);
    const look = async (addresses: readonly Address[]) => {
      const loose = patient ? versions.loose(addresses) : [];
      if (loose.length > 0) throw new MissingLocks(loose);
    };
    if (savepoints) await connection.run('SAVEPOINT job');
    try {
      const context = { connection: tracked, now: clock(), changes, versions, credentials, index, hold, look, flush };
      const value = await job(context);
      if (savepoints) {
        await this.#flushInside();
        await connection.run('RELEASE job');
      }
      return { value, changes };
    } catch (error) {
      if (error instanceof CannotBegin || error instanceof RunAgain || error instanceof MissingLocks) throw error;
      if (error instanceof DatabaseError && error.fault !== 'constraint') throw error;
      // The constraint may have been violated by what another job has buffered.
      const isMarked = tracked.wrote || this.buffer.written > written || error instanceof DatabaseError;
      if (!savepoints && isMarked) throw new RunAgain();
      if (savepoints) {
        this.buffer.clear();
        await connection.run('ROLLBACK TO job');
        await connection.run('RELEASE job');
      }
      return { error, changes: [] };
    }
  }

  /** Writes what the jobs have buffered and commits. `before` runs inside the transaction. */
  async commit(before?: (connection: Connection) => Promise<void>): Promise<void> {
    const { connection } = this.#options;
    if (before) await this.#begin();
    if (this.#beginning) {
      await this.#flushInside();
      await before?.(connection);
      await commit(connection);
    } else {
      await this.#flushAlone();
    }
    this.buffer.versions.committed();
  }

  /** Rolls back the transaction, if there is one. */
  async undo(): Promise<void> {
    if (this.#beginning) await this.#options.connection.run('ROLLBACK');
  }

  async #hold(connection: Connection, type: string): Promise<void> {
    const { lock } = this.#options.dialect;
    if (lock !== undefined) await connection.all(lock, [parameterNumber(type, '')]);
  }

  async #begin(): Promise<void> {
    const { connection, dialect } = this.#options;
    this.#beginning ??= connection.run(dialect.begin).catch((cause: unknown) => {
      throw new CannotBegin(cause);
    });
    await this.#beginning;
  }

  /** The connection as a job sees it: each query finds what was buffered before. */
  #tracked(): Connection & { wrote: boolean } {
    const { connection } = this.#options;
    const ready = async () => {
      await this.#begin();
      await this.buffer.settle();
    };
    const tracked = {
      wrote: false,
      all: async <Row>(...[sql, bindings]: Parameters<Connection['all']>) => {
        tracked.wrote ||= !sql.startsWith('SELECT');
        await ready();
        return connection.all<Row>(sql, bindings);
      },
      run: async (...asked: Parameters<Connection['run']>) => {
        tracked.wrote = true;
        await ready();
        return connection.run(...asked);
      },
    };
    return tracked;
  }

  /** Writes what was buffered inside the transaction. If it violates a constraint, the group runs again job by job. */
  async #flushInside(): Promise<void> {
    await this.#begin();
    await this.buffer.flush().catch((error: unknown) => {
      throw this.#isBroken(error) ? new RunAgain() : error;
    });
  }

  /** Writes what was buffered as a transaction of its own. */
  async #flushAlone(): Promise<void> {
    await this.buffer.flush().catch((error: unknown) => {
      if (error instanceof DatabaseError && error.fault === 'contention') throw new CannotBegin(error);
      throw this.#isBroken(error) ? new RunAgain() : inDoubt(error);
    });
  }

  #isBroken(error: unknown): boolean {
    return !this.#options.savepoints && error instanceof DatabaseError && error.fault === 'constraint';
  }
}

/** Commits. Throws InDoubt if the outcome is unknown. */
async function commit(connection: Connection): Promise<void> {
  await connection.run('COMMIT').catch((error: unknown) => {
    throw inDoubt(error);
  });
}

/** Converts the error of a commit: InDoubt if the outcome is unknown. */
function inDoubt(error: unknown): unknown {
  const isLost = error instanceof DatabaseError && error.fault === 'lost';
  return isLost ? new InDoubt(`No answer to COMMIT: ${error.message}`, { cause: error }) : error;
}
