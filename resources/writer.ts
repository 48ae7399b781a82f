import type { Clock } from './clock.ts';
import { type Connection, DatabaseError } from './connection.ts';
import type { Dialect } from './dialects/dialect.ts';
import type { Change } from './engine.ts';
import { Failure } from './errors.ts';
import { IndexBuffer } from './index-buffer.ts';

/** What a job works on: the writer's connection inside the group's transaction. */
export interface JobContext {
  connection: Connection;
  /** The moment the job began, in milliseconds: a group may have begun before the job was asked for. */
  now: number;
  /** Changes that listeners hear of after the commit. */
  changes: Change[];
  /** Index rows that the group has not written yet. */
  index: IndexBuffer;
}

/** A unit of writing. It may run more than once before it commits, so it must keep no state between runs. */
export type Job<Result> = (context: JobContext) => Promise<Result>;

export interface WriterConnection extends Connection {
  close(): Promise<void>;
}

export interface WriterOptions {
  dialect: Dialect;
  clock: Clock;
  /** Opens the one connection that writes; called again after a failure that leaves it in doubt. */
  open(): Promise<WriterConnection>;
  /** How long a group takes in further jobs; 10 where it is not given. */
  groupMilliseconds?: number;
  /** Runs inside each group's transaction just before its commit, with the changes of the whole group. */
  beforeCommit?(connection: Connection, changes: Change[]): Promise<void>;
  /** Hears of changes after their commit and before their answers. */
  afterCommit(changes: Change[]): void;
}

const GROUP_JOBS = 64;
const GROUP_MILLISECONDS = 10;
const GROUP_ATTEMPTS = 5;

interface Waiting {
  run: Job<unknown>;
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

interface Outcome {
  waiting: Waiting;
  value?: unknown;
  error?: unknown;
  changes: Change[];
}

/** Thrown inside a group to start it again, this time with a savepoint around each job. */
class RunAgain extends Error {}

const NOT_STORED = 'The database did not take the write; nothing was stored. Try again.';
const IN_DOUBT =
  'The database was lost before it confirmed the write, which is stored as a whole or not at all. ' +
  'Read it before you try again.';

/** A commit was sent, and the connection ended before its answer. */
class InDoubt extends Error {}

/**
 * The one queue of writes. Jobs run strictly one after another; those that wait together commit together,
 * so that one flush of the disk serves all of them, and each is answered after that commit.
 */
export class Writer {
  readonly #options: WriterOptions;
  readonly #queue: Waiting[] = [];
  #connection: WriterConnection | undefined;
  #draining: Promise<void> | undefined;
  #closed = false;

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  /** Runs a job and gives its result once it is durable. Rejects with the job's own error, or `busy`. */
  submit<Result>(job: Job<Result>): Promise<Result> {
    if (this.#closed)
      return Promise.reject(new Failure('busy', 'The server is stopping. Try again.', { retryAfter: 1 }));
    return new Promise<Result>((resolve, reject) => {
      this.#queue.push({ run: job, resolve: resolve as (value: unknown) => void, reject });
      this.#draining ??= this.#drain();
    });
  }

  /** Finishes what was submitted, then closes the connection. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#draining;
    await this.#connection?.close();
    this.#connection = undefined;
  }

  async #drain(): Promise<void> {
    // One turn of the event loop lets requests that arrived together join the first group.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#queue.length > 0) await this.#commitGroup();
    this.#draining = undefined;
  }

  async #commitGroup(): Promise<void> {
    const taken: Waiting[] = [];
    const outcomes = await this.#attemptGroup(taken).catch((error: unknown) => this.#failGroup(taken, error));
    // A listener must not fail: what it remembers would be older than what is stored.
    const changes = outcomes.flatMap((outcome) => outcome.changes);
    if (changes.length > 0) this.#options.afterCommit(changes);
    for (const { waiting, value, error } of outcomes) {
      if (error === undefined) waiting.resolve(value);
      else waiting.reject(error);
    }
  }

  async #failGroup(taken: Waiting[], cause: unknown): Promise<Outcome[]> {
    const connection = this.#connection;
    this.#connection = undefined;
    // The connection is in doubt and is replaced; an error of its closing says nothing new.
    await connection?.close().catch(() => undefined);
    const message = cause instanceof InDoubt ? IN_DOUBT : NOT_STORED;
    const error = new Failure('busy', message, { retryAfter: 1, cause, detail: String(cause) });
    return taken.map((waiting) => ({ waiting, error, changes: [] }));
  }

  /** Tries a group until it commits: again with savepoints where a job failed after it wrote. */
  async #attemptGroup(taken: Waiting[]): Promise<Outcome[]> {
    let savepoints = false;
    for (let attempt = 1; ; attempt += 1) {
      const connection = await this.#begin(taken);
      try {
        return await this.#runGroup(connection, taken, savepoints);
      } catch (error) {
        const again = error instanceof RunAgain || (error instanceof DatabaseError && error.fault === 'contention');
        if (!again || attempt === GROUP_ATTEMPTS) throw error;
        savepoints ||= error instanceof RunAgain;
        await connection.run('ROLLBACK');
      }
    }
  }

  /** Begins a transaction. Where none can be begun, all that wait are told so: the next would fare no better. */
  async #begin(taken: Waiting[]): Promise<WriterConnection> {
    try {
      this.#connection ??= await this.#options.open();
      await this.#connection.run(this.#options.dialect.begin);
      return this.#connection;
    } catch (cause) {
      taken.push(...this.#queue.splice(0));
      throw new Error(`No transaction could be begun: ${String(cause)}`, { cause });
    }
  }

  async #runGroup(connection: Connection, taken: Waiting[], savepoints: boolean): Promise<Outcome[]> {
    const deadline = performance.now() + (this.#options.groupMilliseconds ?? GROUP_MILLISECONDS);
    const outcomes: Outcome[] = [];
    const { clock, dialect } = this.#options;
    const group = { connection, clock, index: new IndexBuffer(dialect), savepoints };
    for (const waiting of taken) outcomes.push(await runJob(group, waiting));
    while (taken.length < GROUP_JOBS && (taken.length === 0 || performance.now() < deadline)) {
      const waiting = this.#queue.shift();
      if (!waiting) break;
      taken.push(waiting);
      outcomes.push(await runJob(group, waiting));
    }
    await group.index.flush(connection);
    const changes = outcomes.flatMap((outcome) => outcome.changes);
    if (changes.length > 0) await this.#options.beforeCommit?.(connection, changes);
    await commit(connection);
    return outcomes;
  }
}

/** Throws InDoubt where nobody can say whether it was done. */
async function commit(connection: Connection): Promise<void> {
  try {
    await connection.run('COMMIT');
  } catch (error) {
    const isLost = error instanceof DatabaseError && error.fault === 'lost';
    throw isLost ? new InDoubt(`No answer to COMMIT: ${error.message}`, { cause: error }) : error;
  }
}

/** What the jobs of one group share. */
interface Group {
  connection: Connection;
  clock: Clock;
  index: IndexBuffer;
  /** True where each job has a savepoint of its own. */
  savepoints: boolean;
}

/** Runs one job; its own failure is its outcome, a failure of the database is thrown. */
async function runJob({ connection, clock, index, savepoints }: Group, waiting: Waiting): Promise<Outcome> {
  let wrote = false;
  const changes: Change[] = [];
  const tracked: Connection = {
    all: (sql, bindings) => {
      wrote ||= !sql.startsWith('SELECT');
      return connection.all(sql, bindings);
    },
    run: (sql, bindings) => {
      wrote = true;
      return connection.run(sql, bindings);
    },
  };
  if (savepoints) await connection.run('SAVEPOINT job');
  try {
    const value = await waiting.run({ connection: tracked, now: clock(), changes, index });
    if (savepoints) {
      await index.flush(connection);
      await connection.run('RELEASE job');
    }
    return { waiting, value, changes };
  } catch (error) {
    if (error instanceof DatabaseError && error.fault !== 'constraint') throw error;
    if (!savepoints && wrote) throw new RunAgain();
    if (savepoints) {
      index.clear();
      await connection.run('ROLLBACK TO job');
      await connection.run('RELEASE job');
    }
    return { waiting, error, changes: [] };
  }
}
