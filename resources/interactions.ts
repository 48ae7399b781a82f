import type { Clock, RandomBytes } from './clock.ts';
import type { Dialect } from './dialects/dialect.ts';
import type {
  Change,
  Credentials,
  Engine,
  Interactions,
  JobInteractions,
  Patching,
  TypeRule,
  Version,
  Work,
  WriteOptions,
  WriteResult,
} from './engine.ts';
import { deletionsBefore } from './erase.ts';
import { Failure, type Issue } from './errors.ts';
import type { JsonObject } from './json/value.ts';
import type { YieldTurn } from './pace/pace.ts';
import { patchedResource } from './patch/patched.ts';
import { draft, type PreparedWrite, prepare, prepareSecrets } from './prepare.ts';
import { partIssues } from './project.ts';
import { BatchReader, rowByKey } from './reading/batch-reader.ts';
import { Reads } from './reads.ts';
import type { Registry } from './registry.ts';
import { type Reindexed, type ReindexOptions, reindex } from './reindex.ts';
import { runSearch } from './search/compile.ts';
import { walkType } from './search/walk.ts';
import type { SecretHasher } from './secrets.ts';
import { type ServedType, servedTypes } from './served.ts';
import { untilFresh } from './stale.ts';
import type { Connection, WriterConnection } from './storage/connection.ts';
import { committedCredentials } from './storage/credentials.ts';
import { AccessGeneration } from './storage/generation.ts';
import type { Address } from './storage/known-versions.ts';
import { committedHolders } from './storage/names.ts';
import { VERSION_COLUMNS, type VersionRow, versionOf } from './storage/version-row.ts';
import { JobTime, type PreparedPatch, type PreparedWrites, rehearsal, TogetherInteractions } from './together.ts';
import { uuid } from './uuid.ts';
import { type LockSet, lockSetOf } from './writing/lock-set.ts';
import { JobTransaction, type PreparedBy } from './writing/transaction.ts';
import { type GroupSize, Writer } from './writing/writer.ts';

export interface EngineOptions {
  registry: Registry;
  dialect: Dialect;
  /** For point reads. */
  points: Connection;
  /** For searches and histories. */
  queries: Connection;
  openWriter(): Promise<WriterConnection>;
  hasher: SecretHasher;
  rules: Record<string, TypeRule>;
  /** The largest body in bytes; also the largest result of a patch, so that a client can send it back. */
  largestBody: number;
  clock: Clock;
  random: RandomBytes;
  /** Milliseconds of a monotonic clock; that of the process by default. */
  elapsed?: () => number;
  /** Overrides how many writes share a commit, where callers do not each wait for their own. */
  group?: GroupSize | undefined;
}

/** Creates the engine over an open, migrated database. `close` finishes the submitted jobs. */
export function createEngine(options: EngineOptions): Engine & { close(): Promise<void> } {
  return new ResourceEngine(options);
}

class ResourceEngine extends Reads implements Engine {
  readonly exclusive: boolean;
  readonly committed: Pick<Connection, 'all'>;
  readonly credentials: Credentials;
  readonly holder: Engine['holder'];
  protected readonly registry: Registry;
  readonly #options: EngineOptions;
  readonly #writer: Writer;
  readonly #generation: AccessGeneration;
  readonly #readers = new Map<string, BatchReader<VersionRow>>();
  readonly #types: (name: string) => ServedType | undefined;
  readonly #listeners: ((changes: Change[]) => void)[] = [];

  constructor(options: EngineOptions) {
    super();
    const { dialect, points, registry, clock } = options;
    this.#options = options;
    this.registry = registry;
    this.#types = servedTypes(registry, options.largestBody);
    this.exclusive = dialect.exclusive;
    this.committed = points;
    this.credentials = committedCredentials(points);
    this.holder = committedHolders(points);
    this.#generation = new AccessGeneration(options, (type) => registry.get(type)?.governsAccess === true);
    this.#writer = new Writer({
      dialect,
      clock,
      open: options.openWriter,
      group: options.group,
      // If this process makes all writes, no other has to be told: most groups then need no transaction.
      ...(!dialect.exclusive && {
        beforeCommit: (connection, changes) => this.#generation.beforeCommit(connection, changes),
      }),
      afterCommit: (changes) => {
        this.#generation.afterCommit(changes);
        for (const listener of this.#listeners) listener(changes);
      },
    });
  }

  every(type: string): AsyncIterable<Version[]> {
    return walkType({ search: (search) => runSearch(this.#options.points, search) }, type);
  }

  validate(type: string, resource: JsonObject): Issue[] {
    const own = this.#options.rules[type]?.validate?.(resource) ?? [];
    return [...this.served(type).validate(resource), ...partIssues(type, resource), ...own];
  }

  create(type: string, resource: JsonObject, options: WriteOptions): Promise<WriteResult> {
    return this.#put(type, options.newId ?? this.newId(), resource, 'POST', options);
  }

  update(type: string, id: string, resource: JsonObject, options: WriteOptions): Promise<WriteResult> {
    return this.#put(type, id, resource, 'PUT', options);
  }

  patch(type: string, id: string, change: Patching, options: WriteOptions): Promise<WriteResult> {
    return untilFresh(options, async (attempt) => {
      const { write, basedOn } = await this.#patched(type, id, change, options);
      const job = (transaction: JobTransaction) => transaction.put(write, 'PUT', { ...options, basedOn });
      return this.#submit(job, lockSetOf(options, [{ type, id }]), attempt.since);
    });
  }

  remove(type: string, id: string, options: WriteOptions): Promise<WriteResult | undefined> {
    this.served(type);
    const lockSet = lockSetOf(options, [{ type, id }]);
    return this.#submit((transaction) => transaction.remove(type, id, options), lockSet, options.since);
  }

  async together<Result>(
    rehearse: (interactions: Interactions) => Promise<void>,
    perform: (interactions: JobInteractions) => Promise<Result>,
    lockSet?: LockSet,
  ): Promise<Result> {
    const prepared: PreparedWrites = new Map();
    const prepareWrite = async (type: string, id: string, resource: JsonObject, options: WriteOptions) => ({
      write: await this.#prepare(type, id, resource, this.#ahead(type, id, options), options.yieldTurn),
    });
    const { registry, largestBody, elapsed = () => performance.now() } = this.#options;
    await rehearse(rehearsal(this, { prepared, largestBody }, prepareWrite, this.#patched.bind(this)));
    const validate = this.validate.bind(this);
    const served = this.served.bind(this);
    const options = { prepared, time: new JobTime(elapsed), registry, served, validate };
    const job = (transaction: JobTransaction) => perform(new TogetherInteractions(transaction, options));
    return this.#submit(job, lockSet);
  }

  transact<Result>(job: Work<Result>, looksAt?: readonly Address[], since?: number): Promise<Result> {
    return this.#submit(job, { looksAt: looksAt ?? [] }, since);
  }

  reindex(types: readonly string[]): AsyncIterable<Reindexed> {
    const { dialect } = this.#options;
    const { committed } = this;
    const submit: ReindexOptions['submit'] = (job, lockSet) => this.#writer.submit(job, lockSet);
    return reindex(types, { dialect, committed, served: (type) => this.served(type), submit });
  }

  deletions(type: string, before: number, count: number): Promise<Version[]> {
    return deletionsBefore(this.#options.queries, type, before, count);
  }

  newId(): string {
    return uuid(this.#options.clock(), this.#options.random);
  }

  draft(type: string, id: string, content: JsonObject): PreparedWrite {
    return draft(this.served(type), id, content);
  }

  get waiting(): number {
    return this.#writer.waiting;
  }

  accessGeneration(): Promise<number> {
    return this.#generation.current();
  }

  onCommit(listener: (changes: Change[]) => void): void {
    this.#listeners.push(listener);
  }

  close(): Promise<void> {
    return this.#writer.close();
  }

  async #put(
    type: string,
    id: string,
    resource: JsonObject,
    method: 'POST' | 'PUT',
    options: WriteOptions,
  ): Promise<WriteResult> {
    return untilFresh(options, async (attempt) => {
      const write = await this.#prepare(type, id, resource, this.#ahead(type, id, options), options.yieldTurn);
      const looksAt = method === 'PUT' ? [{ type, id }] : [];
      const job = (transaction: JobTransaction) => transaction.put(write, method, options);
      return this.#submit(job, lockSetOf(options, looksAt), attempt.since);
    });
  }

  /** Prepares the result of a change to the current version. */
  async #patched(type: string, id: string, change: Patching, options: WriteOptions): Promise<PreparedPatch> {
    const { rows, yieldTurn } = options;
    const current = await this.read(type, id, rows);
    await yieldTurn?.();
    const changed = patchedResource(current, change, this.#options.largestBody);
    const write = await this.#prepare(
      type,
      id,
      changed,
      { ...this.#ahead(type, id, options), ahead: false },
      yieldTurn,
    );
    return { write, basedOn: current.versionId };
  }

  #submit<Result>(
    job: (transaction: JobTransaction) => Promise<Result>,
    lockSet?: LockSet,
    since?: number,
  ): Promise<Result> {
    const { rules, registry } = this.#options;
    const served = this.served.bind(this);
    const prepareWrite = this.#prepare.bind(this);
    const options = { registry, rules, served, newId: () => this.newId(), prepare: prepareWrite };
    return this.#writer.submit((context) => job(new JobTransaction(context, options)), lockSet, since);
  }

  /** What a write is prepared with before the queue: committed data, as far as its caller may write it. */
  #ahead(type: string, id: string, { rows }: WriteOptions): PreparedBy {
    return {
      credentials: this.credentials,
      // Secrets of hidden resources are not compared: the response time would confirm a right guess.
      keyOf: async () => (await this.find(type, id, rows))?.key,
      ahead: !this.#writer.knows({ type, id }),
    };
  }

  async #prepare(
    type: string,
    id: string,
    resource: JsonObject,
    { credentials, keyOf, ahead }: PreparedBy,
    yieldTurn?: YieldTurn,
  ): Promise<PreparedWrite> {
    const secrets = async (values: JsonObject) => {
      if (Object.keys(values).length === 0) return [];
      return prepareSecrets(this.#options.hasher, credentials, await keyOf(), values);
    };
    const issues = () => this.validate(type, resource);
    return prepare(this.served(type), id, resource, { issues, ahead, secrets, yieldTurn });
  }

  protected connection(): Promise<Connection> {
    return Promise.resolve(this.#options.queries);
  }

  protected served(type: string): ServedType {
    const served = this.#types(type);
    if (!served) throw new Failure('unknown-type', `${type} is not a resource type of this server.`);
    return served;
  }

  protected async current(type: string, id: string): Promise<Version | undefined> {
    let reader = this.#readers.get(type);
    if (!reader) {
      this.served(type);
      const sql = (list: string) => `SELECT ${VERSION_COLUMNS} FROM resource WHERE type = ? AND id IN (${list})`;
      reader = new BatchReader<VersionRow>(
        this.#options.points,
        sql,
        rowByKey((row) => row.id),
        [type],
      );
      this.#readers.set(type, reader);
    }
    const row = await reader.read(id);
    return row && versionOf(row);
  }
}
