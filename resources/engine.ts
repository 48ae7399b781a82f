import type { Rows } from './access.ts';
import type { Issue } from './errors.ts';
import type { Json, JsonObject } from './json/value.ts';
import type { GoOn } from './pace/pace.ts';
import type { PatchBounds } from './patch/bounds.ts';
import type { PreparedWrite } from './prepare.ts';
import type { Reindexed } from './reindex.ts';
import type { SearchOptions } from './search/parameters/criteria.ts';
import type { ParsedSearch } from './search/plan.ts';
import type { Connection } from './storage/connection.ts';
import type { Address } from './storage/known.ts';
import type { Foreseen } from './writing/foreseen.ts';

/** One version of a resource as it is stored. */
export interface Version {
  /** The small integer that index rows and credentials refer to; one for the life of the id. */
  key: number;
  type: string;
  id: string;
  versionId: number;
  /** Milliseconds since the epoch. */
  lastUpdated: number;
  /** How this version came about. */
  method: 'POST' | 'PUT' | 'DELETE';
  /** The resource as JSON text, exactly as it is served; null for a deletion. */
  text: string | null;
  /** In a history: true where this version made the resource, for the first time or again. */
  made?: boolean;
}

/** Who asks for a write: a caller over HTTP, or the server itself. Rules of a type may tell them apart. */
export type Author = 'caller' | 'server';

/** What brought a write about, in the words of those above the engine: it is passed on, and nothing here reads it. */
export type Cause = Readonly<Record<string, string | undefined>>;

export interface WriteOptions {
  by: Author;
  /** Since when the caller waits, in milliseconds of the process: it waits for its turn so much less. */
  since?: number | undefined;
  /** Waits between two pieces of the work on what came in a large body; undefined for others. */
  goOn?: GoOn | undefined;
  /** Told to the effect of the type's rule and to those who listen. */
  cause?: Cause | undefined;
  /**
   * What the caller may see of the type: the resource must be among it before the write and after it. Where it is
   * not, the write is `forbidden`, whether there is such a resource or not.
   */
  rows?: Rows;
  /** `If-Match`: the current version must be one of these, or with `any` exist (412). */
  ifMatch?: number[] | 'any';
  /** `If-None-Match`: the current version must be none of these, or with `any` not exist (412). */
  ifNoneMatch?: number[] | 'any';
  /** `If-Unmodified-Since`: the current version, if there is one, must not be of a later second (412). Milliseconds. */
  unmodifiedSince?: number | undefined;
  /** The version that the write was made from: where it is not the current one any more, it is made again. */
  basedOn?: number;
  /** What its caller was judged by: where it is not the current one any more, the caller is judged anew. */
  judgedBy?: JudgedBy | undefined;
  /** The search that chose the resource: it must still find this id alone, or nothing. */
  condition?: { plan: ParsedSearch; id: string | undefined };
  /** The id that a new resource gets where it is the server's choice, if that was made before (`Engine.newId`). */
  newId?: string | undefined;
}

/** A version of a resource that policies have looked at; undefined where there was none. */
export interface JudgedBy {
  versionId: number | undefined;
}

/** Makes another document of a resource, within what a patch may make of it. */
export type Patching = (resource: JsonObject, bounds: PatchBounds) => Json;

export interface WriteResult {
  outcome: 'created' | 'updated' | 'unchanged' | 'deleted';
  version: Version;
}

/** Which part of a history is asked for. */
export interface HistoryPage {
  count: number;
  /** Bytes of text at which the page ends before that, if not behind its first version. */
  bytes?: number;
  /** Only versions since this moment, in milliseconds (`_since`). */
  since?: number;
  cursor?: string;
}

export interface SearchPage {
  matches: Version[];
  /** Exact, or undefined: never an estimate. */
  total: number | undefined;
  /** The cursor of the next page; undefined on the last. */
  next: string | undefined;
}

/** A new resource of the server's own, ready to store. */
export type Draft = PreparedWrite;

/** A change that has been stored; listeners hear of it after its commit. */
export interface Change {
  type: string;
  id: string;
  key: number;
  before: JsonObject | undefined;
  /** Undefined for a deletion. */
  after: JsonObject | undefined;
  /** True when a secret was set to another value or removed; not where others came beside those that are kept. */
  credentialChanged: boolean;
  cause?: Cause | undefined;
}

/** A stored credential: a hash, never what it was made from. */
export interface Credential {
  /** The resource it belongs to. */
  key: number;
  type: string;
  id: string;
  /** What it is: `secret`, `password`, `access`, `refresh`, … */
  name: string;
  /** An argon2 string for chosen secrets, a digest for random ones. Unique. */
  hash: string;
  /** What its owner keeps beside it. */
  detail: JsonObject | null;
}

/** Credentials live in a table of their own: no code that renders a resource reaches them. */
export interface Credentials {
  /** The credential with this hash, if there is one. */
  find(hash: string): Promise<Credential | undefined>;
  /** All credentials of a resource, or those of a name. */
  of(key: number, name?: string): Promise<Credential[]>;
}

/** What a job of the write queue works on. All of it commits, or none. */
export interface Transaction extends Connection {
  /** The moment of the job, in milliseconds: the `lastUpdated` of what it stores. */
  now: number;
  /** The current version, deletions included; undefined where the id was never used. */
  current(type: string, id: string): Promise<Version | undefined>;
  /** All matches of a search by its parameters as they stand now, in the order of their creation. */
  matches(type: string, parameters: [name: string, value: string][]): Promise<Version[]>;
  create(type: string, resource: JsonObject, options: WriteOptions): Promise<WriteResult>;
  update(type: string, id: string, resource: JsonObject, options: WriteOptions): Promise<WriteResult>;
  /** Stores a draft as the first version of its id, which nothing has used. */
  insert(draft: Draft): Promise<Version>;
  /** Undefined where the id was never used: there is nothing to delete, and nothing is stored. */
  remove(type: string, id: string, options: WriteOptions): Promise<WriteResult | undefined>;
  /** Keeps other nodes from deciding on a type until the job ends; on a table that holds no resources, by its name. */
  hold(type: string): Promise<void>;
  /**
   * Has resources kept from other nodes until the job ends: those that it comes to know only from what it reads. They
   * are had as what is foreseen is, all at once and in one order on every node; where they are not, it begins again.
   */
  look(addresses: readonly Address[]): Promise<void>;
  /** Runs a search as it was understood on what stands now; what the job has written is found, too. */
  search(search: ParsedSearch): Promise<SearchPage>;
  /**
   * Notes in the current version what happened to a resource without changing what it says: the version that it takes
   * the place of is not kept, no rule is asked and no listener hears of it. `change` runs on what stands now and gives
   * undefined to leave it. False where nothing was noted, as of what is not there.
   */
  note(type: string, id: string, change: (resource: JsonObject) => JsonObject | undefined): Promise<boolean>;
  /** Removes resources for good, with their versions, index rows, names and credentials. No rule is asked. */
  erase(type: string, versions: readonly Version[]): Promise<void>;
  credentials: Credentials & {
    insert(credential: Pick<Credential, 'key' | 'name' | 'hash' | 'detail'>): Promise<void>;
    /** Replaces name, hash and detail of the credential with this hash; false when it is no longer there. */
    replace(hash: string, next: Pick<Credential, 'name' | 'hash' | 'detail'>): Promise<boolean>;
    /** Removes the credential with this hash and gives it; undefined when it is no longer there. */
    take(hash: string): Promise<Credential | undefined>;
    /** Removes a resource's credentials, all or those of a name. */
    remove(key: number, name?: string): Promise<void>;
    /** Removes all credentials of several resources. */
    removeAll(keys: readonly number[]): Promise<void>;
  };
}

/** What a type demands beyond its structure; given to the engine by those above it. */
export interface TypeRule {
  /**
   * Runs inside the write's job, before anything is stored; throws a Failure to refuse the write.
   * `after` is undefined for a deletion. `narrowed` is true for a caller who is let through for some rows alone.
   */
  check?(write: {
    id: string;
    before: JsonObject | undefined;
    after: JsonObject | undefined;
    by: Author;
    narrowed: boolean;
  }): void;
  /**
   * Runs after `check`: what the server itself adds to the resource as it is stored, or undefined for nothing.
   */
  complete?(write: { before: JsonObject | undefined; after: JsonObject; now: number }): JsonObject | undefined;
  /** Issues that structure alone does not show (a bad pattern, an unknown engine); runs before the queue. */
  validate?(resource: JsonObject): Issue[];
  /** Runs in the same transaction after the version is stored. */
  effect?(transaction: Transaction, change: Change): Promise<void>;
}

/** One job of the write queue, as those outside of the engine write it. */
export type Work<Result> = (transaction: Transaction) => Promise<Result>;

/** What can be done with resources, on what is committed or within a job of the write queue. */
export interface Interactions {
  /**
   * The current version. Throws `unknown-type`, `not-found` or `gone`. Reads of one tick are one query.
   * Here and below, what `rows` do not show is not there.
   */
  read(type: string, id: string, rows?: Rows): Promise<Version>;
  /** As `read`, but undefined where there is nothing to give. */
  find(type: string, id: string, rows?: Rows): Promise<Version | undefined>;
  vread(type: string, id: string, versionId: number, rows?: Rows): Promise<Version>;
  history(type: string, id: string | undefined, page: HistoryPage, rows?: Rows): Promise<SearchPage>;
  /** The history of several types in one, of each what its rows show. */
  historyOfTypes(types: ReadonlyMap<string, Rows>, page: HistoryPage): Promise<SearchPage>;
  /** Runs a search as it was understood; with the options that it was, what it includes is found too. */
  search(search: ParsedSearch, options?: SearchOptions): Promise<SearchPage & { included: Version[] }>;
  /** Every issue of a resource, as a write would find them; nothing is stored. Throws `unknown-type`. */
  validate(type: string, resource: JsonObject): Issue[];
  /** A resource with an id of the server's choice. */
  create(type: string, resource: JsonObject, options: WriteOptions): Promise<WriteResult>;
  update(type: string, id: string, resource: JsonObject, options: WriteOptions): Promise<WriteResult>;
  /**
   * Stores what `change` makes of the current version; it may run again where another write comes between.
   * What the change throws is the answer. Throws `not-found` or `gone` where there is nothing to change.
   */
  patch(type: string, id: string, change: Patching, options: WriteOptions): Promise<WriteResult>;
  /** Undefined where the id was never used: there is nothing to delete, and nothing is stored. */
  remove(type: string, id: string, options: WriteOptions): Promise<WriteResult | undefined>;
}

/** Interactions within a job of the write queue. */
export interface JobInteractions extends Interactions {
  /** Keeps other nodes from deciding on a type until the job ends. */
  hold(type: string): Promise<void>;
  /** True where the job itself has written a resource. */
  hasChanged(type: string, id: string): boolean;
}

/** The generic resource engine: nothing in it knows a type's name. */
export interface Engine extends Interactions {
  /** An id of the server's choice. */
  newId(): string;
  /**
   * Makes a new resource of the server's own ready to store, before the queue: it is given without `resourceType` and
   * `id`. Whoever makes it answers for it: nobody asks whether it is valid. Throws for a type whose resources hold
   * secrets or names that no other may have.
   */
  draft(type: string, id: string, content: JsonObject): Draft;
  /**
   * Does several interactions of which all are stored or none. `rehearse` runs first, on what is committed: its writes
   * are prepared and not stored. Then `perform` runs in one job, where it may write what was rehearsed; it may run more
   * than once. Throws StalePlan where what was rehearsed has changed meanwhile: plan and rehearse it again.
   */
  together<Result>(
    rehearse: (interactions: Interactions) => Promise<void>,
    perform: (interactions: JobInteractions) => Promise<Result>,
    foreseen?: Foreseen,
  ): Promise<Result>;
  /**
   * Runs one job of the write queue: it commits as a whole before the promise resolves. The resources that it surely
   * looks at are read together with those of other jobs.
   * @param since since when its caller waits, in milliseconds of the process: it waits for its turn so much less
   */
  transact<Result>(job: Work<Result>, looksAt?: readonly Address[], since?: number): Promise<Result>;
  /**
   * Makes the index rows of types anew, for definitions that have changed, and tells how far it is: searches find of
   * each resource what they found before or what they are to find, and others may write meanwhile.
   */
  reindex(types: readonly string[]): AsyncIterable<Reindexed>;
  /** How many writes wait for their turn. */
  readonly waiting: number;
  /**
   * Every resource of a type as the primary database has it, in the order of creation, a page at a time: for what
   * decides who may do what, which no replica is asked for.
   */
  every(type: string): AsyncIterable<Version[]>;
  /** What is committed, for the tables that hold no resources. */
  committed: Pick<Connection, 'all'>;
  credentials: Credentials;
  /** Resources of a type that were deleted before a moment, in milliseconds: the oldest of them, at most so many. */
  deletions(type: string, before: number, count: number): Promise<Version[]>;
  /** Who holds a name of a namespace (compared NFKC and case-folded): `holder('login', 'Alice')`. */
  holder(namespace: string, name: string): Promise<{ type: string; id: string } | undefined>;
  /** True where this process makes every write, so that what listeners hear is all there is. */
  exclusive: boolean;
  /**
   * A number that changes with every change of a type that `governsAccess`, on any node. Where this process
   * makes every write, it is counted in memory; otherwise it is read with the reads of the tick.
   */
  accessGeneration(): Promise<number>;
  /** Hears of changes of this process after their commit and before their answers. */
  onCommit(listener: (changes: Change[]) => void): void;
}
