import type { Clock } from '../clock.ts';
import type { Dialect } from '../dialects/dialect.ts';
import type { Change } from '../engine.ts';
import { Failure } from '../errors.ts';
import { endOfTurn } from '../pace/tick.ts';
import { WaitingLine, type WaitingLineOptions } from '../pace/waiting-line.ts';
import { type Connection, DatabaseError, type Joined, type WriterConnection } from '../storage/connection.ts';
import { type Address, Known, nameOf } from '../storage/known.ts';
import type { Foreseen } from './foreseen.ts';
import { flushStatements } from './gathered.ts';
import { CannotBegin, Group, InDoubt, type Job, type Outcome, RunAgain, Unforeseen } from './group.ts';

export interface WriterOptions {
  dialect: Dialect;
  clock: Clock;
  /** Opens the one connection that writes; called again after a failure that leaves it in doubt. */
  open(): Promise<WriterConnection>;
  group?: Partial<GroupSize> | undefined;
  /** How long a job may wait before its group takes it in. */
  wait?: Pick<WaitingLineOptions, 'longest' | 'elapsed'>;
  /** Runs inside each group's transaction just before its commit, with the changes of the whole group. */
  beforeCommit?(connection: Connection, changes: Change[]): Promise<void>;
  /** Hears of changes after their commit and before their answers. */
  afterCommit(changes: Change[]): void;
}

/** When a group takes in no further jobs. */
export interface GroupSize {
  /** How many it has then, at the most: fewer where it leaves half of those who wait to the next. */
  jobs: number;
  /** How long it has taken some in. */
  milliseconds: number;
}

const GROUP: GroupSize = { jobs: 64, milliseconds: 10 };
/** Of so many that wait, each half has a flush of its own. */
const WORTH_TWO = 24;
const GROUP_ATTEMPTS = 5;
/** How often a group is begun again for what a job has not foreseen; from then on that is locked as it is met. */
const LOOKS_AHEAD = 8;

interface Waiting {
  run: Job<unknown>;
  foreseen: Foreseen;
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

const NOT_STORED = 'The database did not take the write; nothing was stored. Try again.';
const IN_DOUBT =
  'The database was lost before it confirmed the write, which is stored as a whole or not at all. ' +
  'Read it before you try again.';

/** The one connection that writes, and what was made ready on it. */
interface Opened {
  connection: WriterConnection;
  write: Joined;
  /** Takes index rows, too, that are there already; made when a group is first run again. */
  writeAgain?: Joined;
}

/**
 * The one queue of writes. Jobs run strictly one after another; those that wait together commit together,
 * so that one flush of the disk serves all of them, and each is answered after that commit.
 */
export class Writer {
  readonly #options: WriterOptions;
  readonly #queue: WaitingLine<Waiting>;
  readonly #known: Known;
  readonly #size: GroupSize;
  #opened: Opened | undefined;
  #draining: Promise<void> | undefined;
  #closed = false;

  constructor(options: WriterOptions) {
    this.#options = options;
    this.#queue = new WaitingLine({ name: 'writes', ...options.wait });
    this.#known = new Known(options.dialect);
    this.#size = { ...GROUP, ...options.group };
  }

  /** How many jobs wait for a group to take them in. */
  get waiting(): number {
    return this.#queue.length;
  }

  /** True of a resource that has surely been stored; false says nothing. */
  knows(address: Address): boolean {
    return this.#known.has(nameOf(address));
  }

  /**
   * Runs a job and gives its result once it is durable. Rejects with the job's own error, or `busy`: nothing was stored
   * then, be it that the database fails or that too many wait. It is given what it foresees
   * together with others.
   * @param since from when on its wait counts, in milliseconds of the process; from now on where it is not given
   */
  submit<Result>(job: Job<Result>, foreseen: Foreseen = {}, since?: number): Promise<Result> {
    if (this.#closed)
      return Promise.reject(new Failure('busy', 'The server is stopping. Try again.', { retryAfter: 1 }));
    return new Promise<Result>((resolve, reject) => {
      this.#queue.join({ run: job, foreseen, resolve: resolve as (value: unknown) => void, reject }, since);
      this.#draining ??= this.#drain();
    });
  }

  /** Finishes what was submitted, then closes the connection. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#draining;
    await this.#opened?.connection.close();
    this.#opened = undefined;
  }

  async #drain(): Promise<void> {
    // One turn of the event loop lets requests that arrived together join the first group.
    await endOfTurn();
    do {
      for (let first = this.#queue.next(); first; first = this.#queue.next()) await this.#commitGroup(first);
      // All of it is durable already. Where the disk does not let it settle, the next commit says so to its callers.
      await this.#opened?.connection.settle?.().catch(() => undefined);
    } while (this.#queue.length > 0);
    this.#draining = undefined;
  }

  /** The first job waits no more: that a connection has to be opened is no reason to refuse it. */
  async #commitGroup(first: Waiting): Promise<void> {
    const taken = [first];
    const outcomes = await this.#attemptGroup(taken).catch((error: unknown) => this.#failGroup(taken, error));
    // A listener must not fail: what it remembers would be older than what is stored.
    const changes = outcomes.flatMap((outcome) => outcome.changes);
    if (changes.length > 0) this.#options.afterCommit(changes);
    for (const [place, waiting] of taken.entries()) {
      const { value, error } = outcomes[place] ?? {};
      if (error === undefined) waiting.resolve(value);
      else waiting.reject(error);
    }
  }

  async #failGroup(taken: Waiting[], cause: unknown): Promise<Outcome[]> {
    const connection = this.#opened?.connection;
    this.#opened = undefined;
    this.#known.clear();
    // The connection is in doubt and is replaced; an error of its closing says nothing new.
    await connection?.close().catch(() => undefined);
    const message = cause instanceof InDoubt ? IN_DOUBT : NOT_STORED;
    const error = new Failure('busy', message, { retryAfter: 1, cause, detail: String(cause) });
    return taken.map(() => ({ error, changes: [] }));
  }

  /**
   * Tries a group until it commits: again with savepoints where a job failed after it wrote, and with more foreseen
   * where one looks at more. Where no transaction can be begun, all that wait are told so: the next would fare no
   * better.
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
        if (error instanceof Unforeseen) looks += 1;
        else attempts += 1;
        const again = error instanceof Unforeseen || error instanceof RunAgain || isContention(error);
        if (!again || attempts === GROUP_ATTEMPTS) throw error;
        savepoints ||= error instanceof RunAgain;
        await group?.undo();
      }
    }
  }

  async #newGroup(savepoints: boolean, patient: boolean): Promise<Group> {
    const { clock, dialect } = this.#options;
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
      // An error of its closing says nothing new.
      await connection?.close().catch(() => undefined);
      throw new CannotBegin(cause);
    }
  }

  /** Has what the jobs of a group and the next of the queue foresee; gives which of the queue those are. */
  async #foresee(group: Group, taken: readonly Waiting[], most: number): Promise<Set<Waiting>> {
    const next = this.#queue.foremost(most - taken.length);
    await group.foresee([...taken, ...next].map(({ foreseen }) => foreseen));
    return new Set(next);
  }

  /** The next of the queue for a group, which has what it foresees. */
  async #next(
    group: Group,
    taken: readonly Waiting[],
    { ready, most }: { ready: Set<Waiting>; most: number },
  ): Promise<Waiting | undefined> {
    const [foremost] = this.#queue.foremost(1);
    if (!foremost || ready.has(foremost)) return this.#queue.next();
    // A group that locked more rows beside those that it has could wait for one that waits for it.
    if (!this.#options.dialect.exclusive) return undefined;
    for (const each of await this.#foresee(group, taken, most)) ready.add(each);
    return this.#queue.next();
  }

  /**
   * How many jobs a group takes in. Of many that wait, half: the others are worked for while it is flushed. Callers who
   * ask again once they are answered would else all wait for one flush, and all be worked for after it.
   */
  #mostJobs(taken: readonly Waiting[]): number {
    const { jobs } = this.#size;
    const waiting = taken.length + this.#queue.length;
    return waiting < WORTH_TWO ? jobs : Math.max(taken.length, Math.min(jobs, Math.ceil(waiting / 2)));
  }

  async #runGroup(group: Group, taken: Waiting[]): Promise<Outcome[]> {
    const outcomes: Outcome[] = [];
    const most = this.#mostJobs(taken);
    const ready = await this.#foresee(group, taken, most);
    // Another node may have been waited for until now: those who wait here are not to wait any longer for it.
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

/** True where another node was faster. */
function isContention(error: unknown): boolean {
  return error instanceof DatabaseError && error.fault === 'contention';
}

/** Runs a job in its group; what it turns out to look at is foreseen the next time. */
async function runIn(group: Group, waiting: Waiting): Promise<Outcome> {
  try {
    return await group.run(waiting.run);
  } catch (error) {
    if (error instanceof Unforeseen) {
      const { looksAt = [], ...others } = waiting.foreseen;
      waiting.foreseen = { ...others, looksAt: [...looksAt, ...error.looksAt] };
    }
    throw error;
  }
}
