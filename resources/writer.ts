import type { Clock } from './clock.ts';
import { type Connection, DatabaseError } from './connection.ts';
import type { Dialect } from './dialects/dialect.ts';
import type { Change } from './engine.ts';
import { Failure } from './errors.ts';
import { Gathered } from './gathered.ts';
import type { Address } from './versions.ts';
import { WaitingLine, type WaitingLineOptions } from './waiting-line.ts';

/** What a job works on: the writer's connection inside the group's transaction, and what the group gathers. */
export interface JobContext extends Pick<Gathered, 'versions' | 'credentials' | 'index'> {
  connection: Connection;
  /** The moment the job began, in milliseconds: a group may have begun before the job was asked for. */
  now: number;
  /** Changes that listeners hear of after the commit. */
  changes: Change[];
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
  /** How long a job may wait before its group takes it in. */
  wait?: Pick<WaitingLineOptions, 'longest' | 'elapsed'>;
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
  looksAt: readonly Address[];
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
  readonly #queue: WaitingLine<Waiting>;
  #connection: WriterConnection | undefined;
  #draining: Promise<void> | undefined;
  #closed = false;

  constructor(options: WriterOptions) {
    this.#options = options;
    this.#queue = new WaitingLine({ name: 'writes', ...options.wait });
  }

  /** How many jobs wait for a group to take them in. */
  get waiting(): number {
    return this.#queue.length;
  }

  /**
   * Runs a job and gives its result once it is durable. Rejects with the job's own error, or `busy`: nothing was stored
   * then, be it that the database fails or that too many wait. The resources that it surely looks at are read together
   * with those of others.
   */
  submit<Result>(job: Job<Result>, looksAt: readonly Address[] = []): Promise<Result> {
    if (this.#closed)
      return Promise.reject(new Failure('busy', 'The server is stopping. Try again.', { retryAfter: 1 }));
    return new Promise<Result>((resolve, reject) => {
      this.#queue.join({ run: job, looksAt, resolve: resolve as (value: unknown) => void, reject });
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
    for (let first = this.#queue.next(); first; first = this.#queue.next()) await this.#commitGroup(first);
    this.#draining = undefined;
  }

  /** The first job waits no more: that a connection has to be opened is no reason to refuse it. */
  async #commitGroup(first: Waiting): Promise<void> {
    const taken = [first];
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
      taken.push(...this.#queue.takeAll());
      throw new Error(`No transaction could be begun: ${String(cause)}`, { cause });
    }
  }

  /** Reads what the jobs of a group and the next of the queue look at; gives how many of the queue those are. */
  async #look({ connection, gathered }: Group, taken: readonly Waiting[]): Promise<number> {
    const next = this.#queue.foremost(GROUP_JOBS - taken.length);
    await gathered.versions.look(
      connection,
      [...taken, ...next].flatMap(({ looksAt }) => looksAt),
    );
    return next.length;
  }

  async #runGroup(connection: Connection, taken: Waiting[], savepoints: boolean): Promise<Outcome[]> {
    const deadline = performance.now() + (this.#options.groupMilliseconds ?? GROUP_MILLISECONDS);
    const outcomes: Outcome[] = [];
    const { clock, dialect } = this.#options;
    const group = { connection, clock, gathered: new Gathered(dialect, savepoints), savepoints };
    let looked = await this.#look(group, taken);
    for (const waiting of taken) outcomes.push(await runJob(group, waiting));
    while (taken.length < GROUP_JOBS && performance.now() < deadline) {
      if (looked === 0) looked = await this.#look(group, taken);
      const waiting = this.#queue.next();
      if (!waiting) break;
      looked -= 1;
      taken.push(waiting);
      outcomes.push(await runJob(group, waiting));
    }
    await flush(group);
    const changes = outcomes.flatMap((outcome) => outcome.changes);
    if (changes.length > 0) await this.#options.beforeCommit?.(connection, changes);
    await commit(connection);
    return outcomes;
  }
}

/** Writes what the jobs have gathered. What breaks a constraint is found out job by job. */
async function flush({ connection, gathered, savepoints }: Group): Promise<void> {
  try {
    await gathered.flush(connection);
  } catch (error) {
    if (!savepoints && error instanceof DatabaseError && error.fault === 'constraint') throw new RunAgain();
    throw error;
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
  gathered: Gathered;
  /** True where each job has a savepoint of its own. */
  savepoints: boolean;
}

/** Runs one job; its own failure is its outcome, a failure of the database is thrown. */
async function runJob(group: Group, waiting: Waiting): Promise<Outcome> {
  const { connection, clock, gathered, savepoints } = group;
  const { versions, credentials, index, written } = gathered;
  let wrote = false;
  const changes: Change[] = [];
  const tracked: Connection = {
    all: async (sql, bindings) => {
      wrote ||= !sql.startsWith('SELECT');
      await gathered.settle(connection);
      return connection.all(sql, bindings);
    },
    run: async (sql, bindings) => {
      wrote = true;
      await gathered.settle(connection);
      return connection.run(sql, bindings);
    },
  };
  if (savepoints) await connection.run('SAVEPOINT job');
  try {
    const value = await waiting.run({ connection: tracked, now: clock(), changes, versions, credentials, index });
    if (savepoints) {
      await flush(group);
      await connection.run('RELEASE job');
    }
    return { waiting, value, changes };
  } catch (error) {
    if (error instanceof DatabaseError && error.fault !== 'constraint') throw error;
    // A constraint may have been broken by what another job has gathered.
    if (!savepoints && (wrote || gathered.written > written || error instanceof DatabaseError)) throw new RunAgain();
    if (savepoints) {
      gathered.clear();
      await connection.run('ROLLBACK TO job');
      await connection.run('RELEASE job');
    }
    return { waiting, error, changes: [] };
  }
}
