import type { Rows } from './access.ts';
import type { Issue } from './errors.ts';
import type { Json, JsonObject } from './json/value.ts';
import type { YieldTurn } from './pace/pace.ts';
import type { PatchBounds } from './patch/bounds.ts';
import type { PreparedWrite } from './prepare.ts';
import type { Reindexed } from './reindex.ts';
import type { SearchOptions } from './search/parameters/criteria.ts';
import type { ParsedSearch } from './search/plan.ts';
import type { Connection } from './storage/connection.ts';
import type { Address } from './storage/known-versions.ts';
import type { LockSet } from './writing/lock-set.ts';

/** A stored version of a resource. */
export interface Version {
  /** Integer that index rows and credentials reference; an id keeps its key for life. */
  key: number;
  type: string;
  id: string;
  versionId: number;
  /** Milliseconds since the epoch. */
  lastUpdated: number;
  /** The interaction that made this version. */
  method: 'POST' | 'PUT' | 'DELETE';
  /** The resource as JSON text, exactly as it is served; null for a deletion. */
  text: string | null;
  /** In a history: true if this version created the resource, or created it again after a deletion. */
  made?: boolean;
}

/** Who requests a write: a caller over HTTP or the server itself. The rules of a type may treat them differently. */
export type Author = 'caller' | 'server';

/** Why a write happens, in terms of the layers above. The engine passes it on and does not read it. */
export type Cause = Readonly<Record<string, string | undefined>>;

export interface WriteOptions {
  by: Author;
  /** Monotonic time in milliseconds at which the caller began to wait; counts towards its timeout in the queue. */
  since?: number | undefined;
  /** Yields between steps of processing a large body; undefined for other bodies. */
  yieldTurn?: YieldTurn | undefined;
  /** Passed to the effect of the type's rule and to listeners. */
  cause?: Cause | undefined;
  /**
   * The rows of the type that the caller may see: they must include the resource before and after the write. Otherwise
   * the write fails with `forbidden`, whether the resource exists or not.
   */
  rows?: Rows;
  /** `If-Match`: the current version must be one of these; with `any`, it must exist (412). */
  ifMatch?: number[] | 'any';
  /** `If-None-Match`: the current version must be none of these; with `any`, none may exist (412). */
  ifNoneMatch?: number[] | 'any';
  /** `If-Unmodified-Since` in milliseconds: a current version must not be from a later second (412). */
  unmodifiedSince?: number | undefined;
  /** The version that the write was made from. If it is no longer current, the write is prepared again. */
  basedOn?: number;
  /** The version by which policies judged the caller. If it is no longer current, the caller is judged again. */
  judgedBy?: JudgedBy | undefined;
  /** The search that chose the resource: it must still match only this id, or nothing if `id` is undefined. */
  condition?: { plan: ParsedSearch; id: string | undefined };
  /** The id of a new resource, if it was generated earlier (`Engine.newId`). */
  newId?: string | undefined;
}

/** The version of a resource that policies evaluated; undefined if there was none. */
export interface JudgedBy {
  versionId: number | undefined;
}

/** Computes the patched document of a resource, within the limits for a patch result. */
export type Patching = (resource: JsonObject, bounds: PatchBounds) => Json;

export interface WriteResult {
  outcome: 'created' | 'updated' | 'unchanged' | 'deleted';
  version: Version;
}

/** The requested page of a history. */
export interface HistoryPage {
  count: number;
  /** Maximum bytes of text in the page; it holds at least one version. */
  bytes?: number;
  /** Only versions since this time, in milliseconds (`_since`). */
  since?: number;
  cursor?: string;
}

export interface SearchPage {
  matches: Version[];
  /** Exact, or undefined; never an estimate. */
  total: number | undefined;
  /** The cursor of the next page; undefined on the last page. */
  next: string | undefined;
}

/** A new resource made by the server itself, ready to store. */
export type Draft = PreparedWrite;

/** A stored change; reported to listeners after its commit. */
export interface Change {
  type: string;
  id: string;
  key: number;
  before: JsonObject | undefined;
  /** Undefined for a deletion. */
  after: JsonObject | undefined;
  /** True if a secret was set, replaced or removed; false if others were only added to those that stay. */
  credentialChanged: boolean;
  cause?: Cause | undefined;
}

/** A stored credential: a hash, never the secret itself. */
export interface Credential {
  /** The key of the resource that it belongs to. */
  key: number;
  type: string;
  id: string;
  /** Its kind: `secret`, `password`, `access`, `refresh`, … */
  name: string;
  /** An argon2 string for a chosen secret, a digest for a random one. Unique. */
  hash: string;
  /** Data that its owner stores with it. */
  detail: JsonObject | null;
}

/** Credentials have a table of their own that no code that renders a resource reads. */
export interface Credentials {
  /** Returns the credential with this hash, or undefined. */
  find(hash: string): Promise<Credential | undefined>;
  /** Returns all credentials of a resource, or those with this name. */
  of(key: number, name?: string): Promise<Credential[]>;
}

/** The interface that a job of the write queue works with. A job commits as a whole or not at all. */
export interface Transaction extends Connection {
  /** The time of the job in milliseconds: `lastUpdated` of the versions that it stores. */
  now: number;
  /** Returns the current version, which may be a deletion; undefined if the id was never used. */
  current(type: string, id: string): Promise<Version | undefined>;
  /** Returns the first current matches of a search by its parameters, in the order of creation. */
  matches(type: string, parameters: [name: string, value: string][], most: number): Promise<Version[]>;
  create(type: string, resource: JsonObject, options: WriteOptions): Promise<WriteResult>;
  update(type: string, id: string, resource: JsonObject, options: WriteOptions): Promise<WriteResult>;
  /** Stores a draft as the first version of its id, which must be unused. */
  insert(draft: Draft): Promise<Version>;
  /** Returns undefined if the id was never used: nothing is stored then. */
  remove(type: string, id: string, options: WriteOptions): Promise<WriteResult | undefined>;
  /** Locks a type against decisions by other nodes until the job ends. For a table without resources, pass its name. */
  hold(type: string): Promise<void>;
  /**
   * Requires that resources are locked against other nodes until the job ends: those that it learns of only from what
   * it reads. If they are not locked yet, the group starts again with them in its lock set, so that all are locked at
   * once and in the same order on every node; after several attempts, they are locked when they are read.
   */
  look(addresses: readonly Address[]): Promise<void>;
  /** Runs a parsed search on the current state, including what the job has written. */
  search(search: ParsedSearch): Promise<SearchPage>;
  /**
   * Notes an event of a resource, such as its last use: replaces the current version by the next one without keeping
   * it. No rule runs, and no listener is told. `change` gets the current resource and returns undefined to leave it.
   * Returns false if nothing was stored, for example because the resource does not exist.
   */
  note(type: string, id: string, change: (resource: JsonObject) => JsonObject | undefined): Promise<boolean>;
  /** Removes resources for good, with their versions, index rows, names and credentials. No rule runs. */
  erase(type: string, versions: readonly Version[]): Promise<void>;
  credentials: Credentials & {
    insert(credential: Pick<Credential, 'key' | 'name' | 'hash' | 'detail'>): Promise<void>;
    /** Replaces name, hash and detail of the credential with this hash; returns false if it no longer exists. */
    replace(hash: string, next: Pick<Credential, 'name' | 'hash' | 'detail'>): Promise<boolean>;
    /** Removes and returns the credential with this hash; undefined if it no longer exists. */
    take(hash: string): Promise<Credential | undefined>;
    /** Removes the credentials of a resource: all, or those with this name. */
    remove(key: number, name?: string): Promise<void>;
    /** Removes all credentials of the current matches of a search, without reading the matches. */
    removeFound(type: string, parameters: [name: string, value: string][]): Promise<void>;
  };
}

/** Rules of a type beyond its structure; the layers above provide them. */
export interface TypeRule {
  /**
   * Runs inside the write's job before anything is stored; throws a Failure to refuse the write. `after` is undefined
   * for a deletion. `narrowed` is true if the caller's access is limited to some rows.
   */
  check?(write: {
    id: string;
    before: JsonObject | undefined;
    after: JsonObject | undefined;
    by: Author;
    narrowed: boolean;
  }): void;
  /** Runs after `check`; returns the resource with what the server adds to it, or undefined to add nothing. */
  complete?(write: { before: JsonObject | undefined; after: JsonObject; now: number }): JsonObject | undefined;
  /** Returns issues that the structure does not show (a bad pattern, an unknown engine); runs before the queue. */
  validate?(resource: JsonObject): Issue[];
  /** Runs in the same transaction, after the version is stored. */
  effect?(transaction: Transaction, change: Change): Promise<void>;
}

/** A job of the write queue, as code outside the engine writes it. */
export type Work<Result> = (transaction: Transaction) => Promise<Result>;

/** The interactions with resources, either on committed data or within a job of the write queue. */
export interface Interactions {
  /**
   * Returns the current version. Throws `unknown-type`, `not-found` or `gone`. Reads of one tick share a query. Here
   * and below, a resource outside `rows` counts as missing.
   */
  read(type: string, id: string, rows?: Rows): Promise<Version>;
  /** Like `read`, but returns undefined instead of `not-found` or `gone`. */
  find(type: string, id: string, rows?: Rows): Promise<Version | undefined>;
  vread(type: string, id: string, versionId: number, rows?: Rows): Promise<Version>;
  history(type: string, id: string | undefined, page: HistoryPage, rows?: Rows): Promise<SearchPage>;
  /** Returns the merged history of several types, limited to the rows of each. */
  historyOfTypes(types: ReadonlyMap<string, Rows>, page: HistoryPage): Promise<SearchPage>;
  /** Runs a parsed search; with the options that it was parsed with, also finds included resources. */
  search(search: ParsedSearch, options?: SearchOptions): Promise<SearchPage & { included: Version[] }>;
  /** Returns all issues that a write of this resource would find; stores nothing. Throws `unknown-type`. */
  validate(type: string, resource: JsonObject): Issue[];
  /** Creates a resource; the server chooses its id. */
  create(type: string, resource: JsonObject, options: WriteOptions): Promise<WriteResult>;
  update(type: string, id: string, resource: JsonObject, options: WriteOptions): Promise<WriteResult>;
  /**
   * Stores the result of `change` on the current version; `change` runs again if another write comes first. Rejects
   * with what `change` throws, and with `not-found` or `gone` if there is nothing to change.
   */
  patch(type: string, id: string, change: Patching, options: WriteOptions): Promise<WriteResult>;
  /** Returns undefined if the id was never used: nothing is stored then. */
  remove(type: string, id: string, options: WriteOptions): Promise<WriteResult | undefined>;
}

/** Interactions within a job of the write queue. */
export interface JobInteractions extends Interactions {
  /** Locks a type against decisions by other nodes until the job ends. */
  hold(type: string): Promise<void>;
  /** Returns true if this job has written the resource. */
  hasChanged(type: string, id: string): boolean;
}

/** The generic resource engine: it knows no type by name. */
export interface Engine extends Interactions {
  /** Generates an id for a new resource. */
  newId(): string;
  /**
   * Prepares a new resource of the server's own before the queue. `content` has no `resourceType` and `id`, and is not
   * validated: the caller answers for it. Throws for a type whose resources hold secrets or unique names.
   */
  draft(type: string, id: string, content: JsonObject): Draft;
  /**
   * Runs several interactions of which all are stored or none. `rehearse` runs first, on committed data: its writes are
   * prepared but not stored. Then `perform` runs in one job, possibly more than once, and stores what was rehearsed.
   * Throws StalePlan if what was rehearsed has changed since: plan and rehearse again.
   */
  together<Result>(
    rehearse: (interactions: Interactions) => Promise<void>,
    perform: (interactions: JobInteractions) => Promise<Result>,
    lockSet?: LockSet,
  ): Promise<Result>;
  /**
   * Runs one job of the write queue; it has committed as a whole when the promise resolves. The resources in `looksAt`,
   * which it is certain to read, are read together with those of other jobs.
   * @param since monotonic time in milliseconds at which the caller began to wait; counts towards its timeout
   */
  transact<Result>(job: Work<Result>, looksAt?: readonly Address[], since?: number): Promise<Result>;
  /**
   * Rebuilds the index rows of types whose definitions have changed, and yields its progress. Meanwhile a search finds
   * a resource by its old or its new rows, and other writes go on.
   */
  reindex(types: readonly string[]): AsyncIterable<Reindexed>;
  /** The number of writes that wait in the queue. */
  readonly waiting: number;
  /**
   * Yields every resource of a type from the primary database, page by page in the order of creation. For access
   * decisions, which must not read from a replica.
   */
  every(type: string): AsyncIterable<Version[]>;
  /** Committed data, for the tables that hold no resources. */
  committed: Pick<Connection, 'all'>;
  credentials: Credentials;
  /** Returns up to `count` resources of a type that were deleted before a time in milliseconds, the oldest first. */
  deletions(type: string, before: number, count: number): Promise<Version[]>;
  /** Returns the holder of a name in a namespace (compared NFKC and case-folded): `holder('login', 'Alice')`. */
  holder(namespace: string, name: string): Promise<{ type: string; id: string } | undefined>;
  /** True if this process makes all writes, so that listeners hear of every change. */
  exclusive: boolean;
  /**
   * A number that changes with every change of a type that `governsAccess`, on any node. If this process makes all
   * writes, it is counted in memory; otherwise it is read with the reads of the tick.
   */
  accessGeneration(): Promise<number>;
  /** Registers a listener for the changes of this process: called after their commit and before their responses. */
  onCommit(listener: (changes: Change[]) => void): void;
}
