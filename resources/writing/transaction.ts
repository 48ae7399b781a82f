import { isShown, notPermitted } from '../access.ts';
import type { Credentials, SearchPage, Transaction, TypeRule, Version, WriteOptions, WriteResult } from '../engine.ts';
import { erase } from '../erase.ts';
import { differences } from '../json/equal.ts';
import type { JsonObject } from '../json/value.ts';
import { checkPreconditions } from '../preconditions.ts';
import { contentOf, type PreparedWrite, renderVersion, replacesSecret, sameHashes, withContent } from '../prepare.ts';
import type { Registry } from '../registry.ts';
import { removeFound, runSearch } from '../search/compile.ts';
import { parseSearch } from '../search/parse.ts';
import type { ParsedSearch } from '../search/plan.ts';
import { asksForOthers } from '../search/satisfying.ts';
import type { ServedType } from '../served.ts';
import { StaleJudgement, StaleWrite } from '../stale.ts';
import type { Binding } from '../storage/connection.ts';
import { jobCredentials } from '../storage/credentials.ts';
import { changeRows, NO_ROWS } from '../storage/index-changes.ts';
import type { Address } from '../storage/known-versions.ts';
import { namesOf, replaceNames } from '../storage/names.ts';
import { resourceOf } from '../storage/version-row.ts';
import type { JobContext } from './group.ts';

/** What a transaction needs from its engine. */
export interface TransactionOptions {
  registry: Registry;
  rules: Record<string, TypeRule>;
  served(type: string): ServedType;
  newId(): string;
  /** Prepares a resource for storing. */
  prepare(type: string, id: string, resource: JsonObject, by: PreparedBy): Promise<PreparedWrite>;
}

/** What a write is prepared with: a job sees its own writes, others see committed data. */
export interface PreparedBy {
  /** The stored secrets that new ones are compared with. */
  credentials: Credentials;
  /** Returns the key of the resource, if it exists. */
  keyOf(): Promise<number | undefined>;
  /** True if index rows are to be extracted ahead, because the resource is not known to exist yet. */
  ahead: boolean;
}

/** A job of the write queue: conditions are checked and versions stored in one transaction. */
export class JobTransaction implements Transaction {
  readonly now: number;
  readonly credentials: Transaction['credentials'];
  readonly #context: JobContext;
  readonly #options: TransactionOptions;

  constructor(context: JobContext, options: TransactionOptions) {
    this.now = context.now;
    this.credentials = {
      ...jobCredentials(context.connection, context.credentials),
      removeFound: async (type, parameters) =>
        removeFound(await this.settled(), 'credential', this.#parsed(type, parameters)),
    };
    this.#context = context;
    this.#options = options;
  }

  all<Row>(sql: string, bindings?: readonly Binding[]): Promise<Row[]> {
    return this.#context.connection.all<Row>(sql, bindings);
  }

  run(sql: string, bindings?: readonly Binding[]): Promise<number> {
    return this.#context.connection.run(sql, bindings);
  }

  current(type: string, id: string): Promise<Version | undefined> {
    return this.#context.versions.current(this.#context.connection, type, id);
  }

  async matches(type: string, parameters: [name: string, value: string][], most: number): Promise<Version[]> {
    return (await this.search(this.#parsed(type, [...parameters, ['_count', String(most)]]))).matches;
  }

  async create(type: string, resource: JsonObject, options: WriteOptions): Promise<WriteResult> {
    const { prepare, newId } = this.#options;
    const id = options.newId ?? newId();
    const by = { credentials: this.credentials, keyOf: async () => undefined, ahead: false };
    return this.put(await prepare(type, id, resource, by), 'POST', options);
  }

  async update(type: string, id: string, resource: JsonObject, options: WriteOptions): Promise<WriteResult> {
    const keyOf = async () => (await this.current(type, id))?.key;
    const by = { credentials: this.credentials, keyOf, ahead: false };
    return this.put(await this.#options.prepare(type, id, resource, by), 'PUT', options);
  }

  /** Stores a prepared resource as the first or the next version of its id; stores nothing if nothing changed. */
  async put(prepared: PreparedWrite, method: 'POST' | 'PUT', options: WriteOptions): Promise<WriteResult> {
    const { definition } = prepared.type;
    const match = await this.#recheck(options);
    // The server chose the id of a POST: nothing exists under it, and nothing has to be visible to the caller.
    const current = method === 'POST' ? undefined : await this.current(definition.name, prepared.id);
    requireMatched(match, current);
    if (method === 'PUT') await this.#requireShown(prepared.type, current, options);
    requireJudgedBy(options, current);
    checkPreconditions(current, options);
    if (options.basedOn !== undefined && current?.versionId !== options.basedOn) throw new StaleWrite();
    await options.yieldTurn?.();
    const before = resourceOf(current);
    const secretsChange = await this.#checkSecrets(prepared, current);
    this.#check(prepared.type, prepared.id, before, prepared.content, options);
    const write = this.#complete(prepared, before);
    const changed = before && differences(contentOf(before), write.content);
    if (current && changed?.length === 0 && !secretsChange) return { outcome: 'unchanged', version: current };
    const version = await this.#storeVersion(write, method, current);
    const { connection } = this.#context;
    await options.yieldTurn?.();
    await changeRows(this.#context.index, version.key, write, { before, changed, yieldTurn: options.yieldTurn });
    await options.yieldTurn?.();
    await this.#requireShown(write.type, version, options);
    const names = namesOf(definition, write.id, before);
    await replaceNames(connection, definition, version.key, names, namesOf(definition, write.id, write.content));
    await this.#writeSecrets(write, version.key);
    await this.#changed(version, before, write.content, write.secrets.some(replacesSecret), options);
    return { outcome: before ? 'updated' : 'created', version };
  }

  async insert(draft: PreparedWrite): Promise<Version> {
    return (await this.put(draft, 'POST', { by: 'server' })).version;
  }

  /** Deletes a resource, its index rows, names and credentials; its versions stay. Deleting again changes nothing. */
  async remove(name: string, id: string, options: WriteOptions): Promise<WriteResult | undefined> {
    const { connection, now } = this.#context;
    const type = this.#options.served(name);
    const { definition } = type;
    const match = await this.#recheck(options);
    const current = await this.current(name, id);
    requireMatched(match, current);
    await this.#requireShown(type, current, options);
    requireJudgedBy(options, current);
    checkPreconditions(current, options);
    const before = resourceOf(current);
    if (!current || !before) return current && { outcome: 'unchanged', version: current };
    this.#check(type, id, before, undefined, options);
    const version = next(current, now, 'DELETE', null);
    this.#context.versions.supersede(version);
    this.#context.index.replace(version.key, type.index(contentOf(before)), NO_ROWS);
    await replaceNames(connection, definition, version.key, namesOf(definition, id, before), new Map());
    await this.#changed(version, before, undefined, false, options);
    await this.credentials.remove(version.key);
    return { outcome: 'deleted', version };
  }

  async note(name: string, id: string, change: (resource: JsonObject) => JsonObject | undefined): Promise<boolean> {
    const current = await this.current(name, id);
    const before = resourceOf(current);
    const after = before && change(before);
    if (!current || !before || !after) return false;
    const by = { credentials: this.credentials, keyOf: async () => current.key, ahead: false };
    const write = await this.#options.prepare(name, id, after, by);
    const version = next(current, this.now, 'PUT', null);
    version.text = renderVersion(write, version.versionId, version.lastUpdated);
    this.#context.versions.replace(version);
    const changed = differences(contentOf(before), write.content);
    await changeRows(this.#context.index, current.key, write, { before, changed });
    return true;
  }

  /** Returns true if this job has written the resource. */
  hasChanged(type: string, id: string): boolean {
    return this.#context.changes.some((change) => change.type === type && change.id === id);
  }

  erase(name: string, versions: readonly Version[]): Promise<void> {
    return erase(this.#context, this.#options.served(name), versions);
  }

  /** Returns this connection, after all that the group has buffered was sent to the database for searches. */
  async settled(): Promise<this> {
    await this.#context.flush();
    return this;
  }

  /** Searches what is stored, including what the group's jobs have written. */
  async search(plan: ParsedSearch): Promise<SearchPage> {
    return runSearch(await this.settled(), plan);
  }

  /** Locks a type against decisions by other nodes until the job ends. */
  hold(type: string): Promise<void> {
    return this.#context.hold(type);
  }

  look(addresses: readonly Address[]): Promise<void> {
    return this.#context.look(addresses);
  }

  #parsed(type: string, parameters: [name: string, value: string][]): ParsedSearch {
    return parseSearch(this.#options.registry, type, parameters, { base: '', now: this.now });
  }

  /**
   * Repeats the search of a conditional write and returns its match. Throws StaleWrite if it finds something else now.
   */
  async #recheck({ condition }: WriteOptions): Promise<Version | undefined> {
    if (!condition) return undefined;
    await this.hold(condition.plan.type);
    const { matches } = await this.search(condition.plan);
    const same = condition.id === undefined ? matches.length === 0 : matches.length === 1;
    if (!same || matches[0]?.id !== condition.id) throw new StaleWrite();
    return matches[0];
  }

  /** Throws `forbidden` unless the caller's rows include this version, or for a deletion, the version before it. */
  async #requireShown(type: ServedType, version: Version | undefined, { rows = [] }: WriteOptions): Promise<void> {
    if (asksForOthers(rows)) await this.#context.flush();
    if (!(await isShown(this, type, rows, version))) throw notPermitted();
  }

  #check(
    { definition }: ServedType,
    id: string,
    before: JsonObject | undefined,
    after: JsonObject | undefined,
    { by, rows = [] }: WriteOptions,
  ): void {
    this.#options.rules[definition.name]?.check?.({ id, before, after, by, narrowed: rows.length > 0 });
  }

  #complete(write: PreparedWrite, before: JsonObject | undefined): PreparedWrite {
    const { complete } = this.#options.rules[write.type.definition.name] ?? {};
    const content = complete?.({ before, after: write.content, now: this.now });
    return content ? withContent(write, content) : write;
  }

  async #storeVersion(write: PreparedWrite, method: 'POST' | 'PUT', current: Version | undefined): Promise<Version> {
    const { now, versions } = this.#context;
    if (current) {
      const version = next(current, now, method, null);
      version.text = renderVersion(write, version.versionId, version.lastUpdated);
      versions.supersede(version);
      return version;
    }
    const { name: type } = write.type.definition;
    const text = renderVersion(write, 1, now);
    return versions.insert({ type, id: write.id, versionId: 1, lastUpdated: now, method, text });
  }

  /** Returns true if the write changes a secret. Throws StaleWrite if a secret changed since the write was prepared. */
  async #checkSecrets(write: PreparedWrite, current: Version | undefined): Promise<boolean> {
    for (const { name, stored } of write.secrets) {
      const held = current ? await this.credentials.of(current.key, name) : [];
      const hashes = held.map(({ hash }) => hash);
      if (!sameHashes(hashes, stored)) throw new StaleWrite();
    }
    return write.secrets.some(({ stored, next }) => !sameHashes(stored, next));
  }

  async #writeSecrets(write: PreparedWrite, key: number): Promise<void> {
    for (const { name, stored, next } of write.secrets) {
      if (sameHashes(stored, next)) continue;
      if (stored.length > 0) await this.credentials.remove(key, name);
      for (const hash of next) await this.credentials.insert({ key, name, hash, detail: null });
    }
  }

  async #changed(
    { type, id, key }: Version,
    before: JsonObject | undefined,
    after: JsonObject | undefined,
    credentialChanged: boolean,
    { cause }: WriteOptions,
  ): Promise<void> {
    const change = { type, id, key, before, after, credentialChanged, cause };
    this.#context.changes.push(change);
    await this.#options.rules[type]?.effect?.(this, change);
  }
}

/** Another node may have committed a version between the search and the lock: the search did not match that version. */
function requireMatched(match: Version | undefined, current: Version | undefined): void {
  if (match && match.versionId !== current?.versionId) throw new StaleWrite();
}

/** Policies evaluated a version before the queue; their decision does not hold for another version. */
function requireJudgedBy({ judgedBy }: WriteOptions, current: Version | undefined): void {
  const versionId = current?.text == null ? undefined : current.versionId;
  if (judgedBy && judgedBy.versionId !== versionId) throw new StaleJudgement();
}

function next(current: Version, now: number, method: Version['method'], text: string | null): Version {
  // `lastUpdated` never decreases between versions, even if the machine's clock is set back.
  const lastUpdated = Math.max(now, current.lastUpdated);
  return { ...current, versionId: current.versionId + 1, lastUpdated, method, text };
}
