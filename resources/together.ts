/** Interactions of which all are stored or none: prepared before the queue, then stored in one job. */
import type { Interactions, JobInteractions, Version, WriteOptions, WriteResult } from './engine.ts';
import { Failure, type Issue } from './errors.ts';
import type { JsonObject } from './json/value.ts';
import type { PreparedWrite } from './prepare.ts';
import { Reads } from './reads.ts';
import type { Registry } from './registry.ts';
import type { ServedType } from './served.ts';
import { StaleJudgement, StaleWrite } from './stale.ts';
import type { JobTransaction } from './writing/transaction.ts';

/** A prepared write, and the version that it was made from. */
export interface PreparedPatch {
  write: PreparedWrite;
  basedOn: number;
}

/** The rehearsed writes by `Type/id`: a resource occurs only once in a transaction. */
export type PreparedWrites = Map<string, Rehearsed>;

type Rehearsed = Pick<PreparedPatch, 'write'> & Partial<PreparedPatch>;

/** Thrown if what a plan was made from changed before its job ran: plan again. */
export class StalePlan extends Error {}

/** Runs `attempt` until it is not stale. */
export async function untilPlanHolds<Result>(attempt: () => Promise<Result>): Promise<Result> {
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof StalePlan)) throw error;
    }
  }
}

type Prepare = (type: string, id: string, resource: JsonObject, options: WriteOptions) => Promise<Rehearsed>;
type Patch = (...asked: Parameters<Interactions['patch']>) => Promise<PreparedPatch>;

/** Characters of all resources that are prepared for one job, or twice the largest body if that is more. */
const MOST_PREPARED = 16 * 1024 * 1024;

/** Returns interactions that read committed data and prepare writes instead of storing them. */
export function rehearsal(
  engine: Interactions,
  { prepared, largestBody }: { prepared: PreparedWrites; largestBody: number },
  prepare: Prepare,
  patched: Patch,
): Interactions {
  let left = Math.max(MOST_PREPARED, 2 * largestBody);
  const keep = async (type: string, id: string, makeReady: () => Promise<Rehearsed>): Promise<WriteResult> => {
    // A small patch makes a large resource ready, and all of them are in memory until the job is done.
    if (left < 0) throw new Failure('too-large', 'The resources are too large for one transaction: split it.');
    const ready = await makeReady();
    left -= ready.write.meta.length + ready.write.rest.length;
    prepared.set(`${type}/${id}`, ready);
    return { outcome: 'unchanged', version: unstored(type, id) };
  };
  return {
    read: (...asked) => engine.read(...asked),
    find: (...asked) => engine.find(...asked),
    vread: (...asked) => engine.vread(...asked),
    history: (...asked) => engine.history(...asked),
    historyOfTypes: (...asked) => engine.historyOfTypes(...asked),
    search: (...asked) => engine.search(...asked),
    validate: (...asked) => engine.validate(...asked),
    create: (type, resource, options) => {
      const id = options.newId ?? '';
      return keep(type, id, () => prepare(type, id, resource, options));
    },
    update: (type, id, resource, options) => keep(type, id, () => prepare(type, id, resource, options)),
    patch: (type, id, ...asked) => keep(type, id, () => patched(type, id, ...asked)),
    remove: async () => undefined,
  };
}

/** Placeholder for the version that a rehearsed write will make. */
function unstored(type: string, id: string): Version {
  return { key: 0, type, id, versionId: 0, lastUpdated: 0, method: 'PUT', text: '' };
}

/** Milliseconds from the first search of a job to the start of its last: all other writes wait for the job. */
const LONGEST_JOB = 10_000;

/** The time that a job has taken, over all of its runs: other writes waited for those that were rolled back, too. */
export class JobTime {
  readonly #elapsed: () => number;
  #begun: number | undefined;

  constructor(elapsed: () => number) {
    this.#elapsed = elapsed;
  }

  /** Throws `too-costly` if no further search may start. */
  check(): void {
    const now = this.#elapsed();
    this.#begun ??= now;
    if (now - this.#begun < LONGEST_JOB) return;
    throw new Failure('too-costly', 'The searches take too long for one transaction: narrow them, or split it.');
  }
}

interface TogetherOptions {
  prepared: PreparedWrites;
  time: JobTime;
  registry: Registry;
  served(type: string): ServedType;
  validate(type: string, resource: JsonObject): Issue[];
}

/** Interactions inside one job: each sees the writes before it. */
export class TogetherInteractions extends Reads implements JobInteractions {
  protected readonly registry: Registry;
  readonly #transaction: JobTransaction;
  readonly #options: TogetherOptions;

  constructor(transaction: JobTransaction, options: TogetherOptions) {
    super();
    this.registry = options.registry;
    this.#transaction = transaction;
    this.#options = options;
  }

  hold(type: string): Promise<void> {
    return this.#transaction.hold(type);
  }

  hasChanged(type: string, id: string): boolean {
    return this.#transaction.hasChanged(type, id);
  }

  validate(type: string, resource: JsonObject): Issue[] {
    return this.#options.validate(type, resource);
  }

  create(type: string, _resource: JsonObject, options: WriteOptions): Promise<WriteResult> {
    return this.#put(type, options.newId ?? '', 'POST', options);
  }

  update(type: string, id: string, _resource: JsonObject, options: WriteOptions): Promise<WriteResult> {
    return this.#put(type, id, 'PUT', options);
  }

  patch(type: string, id: string, _change: unknown, options: WriteOptions): Promise<WriteResult> {
    return this.#put(type, id, 'PUT', options);
  }

  remove(type: string, id: string, options: WriteOptions): Promise<WriteResult | undefined> {
    return this.#orStale(type, id, this.#transaction.remove(type, id, options));
  }

  protected served(type: string): ServedType {
    return this.#options.served(type);
  }

  protected current(type: string, id: string): Promise<Version | undefined> {
    return this.#transaction.current(type, id);
  }

  protected async connection(): Promise<JobTransaction> {
    this.#options.time.check();
    return this.#transaction.settled();
  }

  #put(type: string, id: string, method: 'POST' | 'PUT', options: WriteOptions): Promise<WriteResult> {
    const ready = this.#options.prepared.get(`${type}/${id}`);
    if (!ready) throw new Dependent();
    const { write, basedOn } = ready;
    const based = { ...options, ...(basedOn !== undefined && { basedOn }) };
    return this.#orStale(type, id, this.#transaction.put(write, method, based));
  }

  /**
   * Turns a stale write into a stale plan: repeating this write alone would prepare the same again. If the job itself
   * changed the resource, for example by the effect of an earlier entry, planning again would not help: throws
   * Dependent.
   */
  async #orStale<Result>(type: string, id: string, write: Promise<Result>): Promise<Result> {
    try {
      return await write;
    } catch (error) {
      if (!(error instanceof StaleWrite || error instanceof StaleJudgement)) throw error;
      throw this.hasChanged(type, id) ? new Dependent() : new StalePlan();
    }
  }
}

/** The outcome would depend on the order of the entries that are written together. */
export class Dependent extends Failure {
  constructor() {
    super('business-rule', 'This entry depends on what another entry changes: send it separately.');
  }
}
