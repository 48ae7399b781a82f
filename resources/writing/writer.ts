import type { Clock } from '../clock.ts';
import type { Dialect } from '../dialects/dialect.ts';
import type { Change } from '../engine.ts';
import { Failure } from '../errors.ts';
import { BoundedQueue, type BoundedQueueOptions } from '../pace/bounded-queue.ts';
import { endOfTurn } from '../pace/tick.ts';
import { type Connection, DatabaseError, type Joined, type WriterConnection } from '../storage/connection.ts';
import { type Address, KnownVersions, nameOf } from '../storage/known-versions.ts';
import { CannotBegin, Group, InDoubt, type Job, MissingLocks, type Outcome, RunAgain } from './group.ts';
import type { LockSet } from './lock-set.ts';
import { flushStatements } from './write-buffer.ts';

export interface WriterOptions {
  dialect: Dialect;
  clock: Clock;
  /** Opens the only connection that writes; called again after a failure that leaves it in doubt. */
  open(): Promise<WriterConnection>;
  group?: Partial<GroupSize> | undefined;
  /** How long a job may wait before a group takes it in. */
  wait?: Pick<BoundedQueueOptions, 'longest' | 'elapsed'>;
  /** Runs inside each group's transaction just before the commit, with the changes of the whole group. */
  beforeCommit?(connection: Connection, changes: Change[]): Promise<void>;
  /** Called with changes after their commit and before their responses. */
  afterCommit(changes: Change[]): void;
}

/** When a group stops taking in jobs. */
export interface GroupSize {
  /** Maximum number of jobs; a group takes fewer if it leaves half of the queue to the next group. */
  jobs: number;
  /** Maximum time spent on taking in jobs. */
  milliseconds: number;
}

const GROUP: GroupSize = { jobs: 64, milliseconds: 10 };
/** From this many waiting jobs on, each half gets a flush of its own. */
const WORTH_TWO = 24;
/** The number of groups after which the connection settles even if more jobs wait. */
const MOST_UNSETTLED = 32;
const GROUP_ATTEMPTS = 5;
/** How often a group runs again for resources outside its lock sets; after that they are locked when they are read. */
const LOOKS_AHEAD = 8;

interface Waiting {
  run: Job<unknown>;
  lockSet: LockSet;
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

const NOT_STORED = 'The database refused the write; nothing was stored. Try again.';
const IN_DOUBT =
  'The database connection was lost before it confirmed the write, which is stored as a whole or not at all. ' +
  'Check whether it was stored before you try again.';

/** The only connection that writes, with its prepared statements. */
interface Opened {
  connection: WriterConnection;
  write: Joined;
  /** Also accepts index rows that already exist; prepared when a group first runs again. */
  writeAgain?: Joined;
}

/**
 * The queue of writes. Jobs run strictly one after another. Jobs that wait at the same time commit together, so that
 * they share one disk flush; each is answered after that commit.
 */
export class Writer {
  readonly #options: WriterOptions;
  readonly #queue: BoundedQueue<Waiting>;
  readonly #known: KnownVersions;
  readonly #size: GroupSize;
  #opened: Opened | undefined;
  #draining: Promise<void> | undefined;
  #closed = false;

  constructor(options: WriterOptions) {
    this.#options = options;
    this.#queue = new BoundedQueue({ name: 'writes', ...options.wait });
    this.#known = new KnownVersions(options.dialect);
    this.#size = { ...GROUP, ...options.group };
  }

  /** The number of jobs that wait for a group. */
  get waiting(): number {
    return this.#queue.length;
  }

  /** Returns true if the resource is known to be stored; false means unknown. */
  knows(address: Address): boolean {
    return this.#known.has(nameOf(address));
  }

  /**
   * Runs a job and returns its result once it is durable. Rejects with the job's own error, or with `busy` if the
   * database fails or too many jobs wait: nothing was stored then, unless the database was lost during the commit. The
   * lock set of the job is read together with those of other jobs.
   * @param since monotonic time in milliseconds from which its wait counts; now if undefined
   */
  submit<Result>(job: Job<Result>, lockSet: LockSet = {}, since?: number): Promise<Result> {
    if (this.#closed)
      return Promise.reject(new Failure('busy', 'The server is stopping. Try again.', { retryAfter: 1 }));
    return new Promise<Result>((resolve, reject) => {
      this.#queue.join({ run: job, lockSet, resolve: resolve as (value: unknown) => void, reject }, since);
      this.#draining ??= this.#drain();
    });
  }

  /** Finishes the submitted jobs, then closes the connection. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#draining;
    await this.#opened?.connection.close();
    this.#opened = undefined;
  }

  async #drain(): Promise<void> {
    // Waiting for one turn of the event loop lets requests that arrived together join the first group.
    await endOfTurn();
    let groups = 0;
    for (let first = this.#queue.next(); first; first = this.#queue.next()) {
      await this.#commitGroup(first);
      groups += 1;
      if (this.#queue.length > 0 && groups % MOST_UNSETTLED !== 0) continue;
      // All of it is durable already. If the disk fails to settle it, the next commit reports that to its callers.
      await this.#opened?.connection.settle?.().catch(() => undefined);
    }
    this.#draining = undefined;
  }

  /** The first job has stopped waiting: it is not refused because a connection has to be opened first. */
  async #commitGroup(first: Waiting): Promise<void> {
    const taken = [first];
    const outcomes = await this.#attemptGroup(taken).catch((error: unknown) => this.#failGroup(taken, error));
    // A listener must not fail: its cache would be older than what is stored.
    const changes = outcomes.flatMap((outcome) => outcome.changes);
    if (changes.length > 0) this.#options.afterCommit(changes);
    for (const [place, waiting] of taken.entries()) {
      const { value, error } = outcomes[place] ?? {};
      if (error === undefined) waiting.resolve(value);
      else waiting.reject(error);
    }
  }

  async #failGroup(taken: Waiting[], cause: unknown): Promise<Outcome[]> {
    await this.#replace();
    const message = cause instanceof InDoubt ? IN_DOUBT : NOT_STORED;
    const error = new Failure('busy', message, { retryAfter: 1, cause, detail: String(cause) });
    return taken.map(() => ({ error, changes: [] }));
  }

  /** Drops a connection that is in doubt, and what is known from it. An error of `close` says nothing new. */
  async #replace(): Promise<void> {
    const connection = this.#opened?.connection;
    this.#opened = undefined;
    this.#known.clear();
    await connection?.close().catch(() => undefined);
  }

  /**
   * Runs a group until it commits: with savepoints if a job failed after it wrote, and with a larger lock set if a job
   * reads more. If no transaction can be begun, all waiting jobs fail, since the next group would fail too.
   */
  async #attemptGroup(taken: Waiting[]): Promise<Outcome[]> {
    let [savepoints, attempts, looks] = [false, 0, 0];
    for (;;) {
      let group: Group | undefined;
      try {
        group = await this.#newGroup(savepoints, looks < LOOKS_AHEAD);
        return await this.#runGroup(group, taken);
      } catch (error) {
        if (error instanceof CannotBegin) taken.push(...this.#queue.takeAll());
        if (error instanceof MissingLocks) looks += 1;
        else attempts += 1;
        const again = error instanceof MissingLocks || error instanceof RunAgain || isContention(error);
        if (!again || attempts === GROUP_ATTEMPTS) throw error;
        savepoints ||= error instanceof RunAgain;
        await group?.undo();
      }
    }
  }

  async #newGroup(savepoints: boolean, patient: boolean): Promise<Group> {
    const { clock, dialect } = this.#options;
    // A connection that ended while it was idle is no reason to refuse a write.
    if (this.#opened?.connection.isLost) await this.#replace();
    this.#opened ??= await this.#open();
    const { connection, write } = this.#opened;
    if (savepoints) this.#opened.writeAgain ??= await connection.join(flushStatements(dialect, true));
    const statements = (savepoints && this.#opened.writeAgain) || write;
    const options = { clock, dialect, connection, write: statements, known: this.#known, savepoints, patient };
    const group = new Group(options);
    await group.open();
    return group;
  }

  async #open(): Promise<Opened> {
    let connection: WriterConnection | undefined;
    try {
      connection = await this.#options.open();
      return { connection, write: await connection.join(flushStatements(this.#options.dialect)) };
    } catch (cause) {
      // An error of `close` says nothing new.
      await connection?.close().catch(() => undefined);
      throw new CannotBegin(cause);
    }
  }

  /** Locks and reads the lock sets of the group's jobs and of the next jobs of the queue; returns the latter. */
  async #lock(group: Group, taken: readonly Waiting[], most: number): Promise<Set<Waiting>> {
    const next = this.#queue.foremost(most - taken.length);
    await group.lock([...taken, ...next].map(({ lockSet }) => lockSet));
    return new Set(next);
  }

  /** Returns the next job of the queue, once its lock set is ready. */
  async #next(
    group: Group,
    taken: readonly Waiting[],
    { ready, most }: { ready: Set<Waiting>; most: number },
  ): Promise<Waiting | undefined> {
    const [foremost] = this.#queue.foremost(1);
    if (!foremost || ready.has(foremost)) return this.#queue.next();
    // A group that locked more rows after its first ones could deadlock with another node.
    if (!this.#options.dialect.exclusive) return undefined;
    for (const each of await this.#lock(group, taken, most)) ready.add(each);
    return this.#queue.next();
  }

  /**
   * How many jobs a group takes in: half of a long queue, so that the other half is worked on while this one is
   * flushed. Otherwise callers who ask again after each response would all wait for one flush, and all be worked on
   * after it.
   */
  #mostJobs(taken: readonly Waiting[]): number {
    const { jobs } = this.#size;
    const waiting = taken.length + this.#queue.length;
    return waiting < WORTH_TWO ? jobs : Math.max(taken.length, Math.min(jobs, Math.ceil(waiting / 2)));
  }

  async #runGroup(group: Group, taken: Waiting[]): Promise<Outcome[]> {
    const outcomes: Outcome[] = [];
    const most = this.#mostJobs(taken);
    const ready = await this.#lock(group, taken, most);
    // Another node may have blocked the group until now; jobs that wait here should not wait even longer for that.
    const deadline = performance.now() + this.#size.milliseconds;
    for (const waiting of taken) outcomes.push(await runIn(group, waiting));
    while (taken.length < most && performance.now() < deadline) {
      const waiting = await this.#next(group, taken, { ready, most });
      if (!waiting) break;
      taken.push(waiting);
      outcomes.push(await runIn(group, waiting));
    }
    const { beforeCommit } = this.#options;
    const changes = outcomes.flatMap((outcome) => outcome.changes);
    const before = beforeCommit && changes.length > 0 ? beforeCommit : undefined;
    await group.commit(before && ((connection) => before(connection, changes)));
    return outcomes;
  }
}

/** True if another node was faster. */
function isContention(error: unknown): boolean {
  return error instanceof DatabaseError && error.fault === 'contention';
}

/** Runs a job in its group. If it reads resources outside its lock set, they are in it the next time. */
async function runIn(group: Group, waiting: Waiting): Promise<Outcome> {
  try {
    return await group.run(waiting.run);
  } catch (error) {
    if (error instanceof MissingLocks) {
      const { looksAt = [], ...others } = waiting.lockSet;
      waiting.lockSet = { ...others, looksAt: [...looksAt, ...error.looksAt] };
    }
    throw error;
  }
}
