import type { Dialect } from '../dialects/dialect.ts';
import type { Version } from '../engine.ts';
import type { IndexColumn } from '../search/index/tables.ts';
import type { Connection } from './connection.ts';
import { type Address, type KnownVersions, nameOf } from './known-versions.ts';
import { VERSION_COLUMNS, type VersionRow, versionOf } from './version-row.ts';

const KEY: IndexColumn = { name: 'key', type: 'integer' };
const ADDRESS: IndexColumn[] = [
  { name: 'type', type: 'text' },
  { name: 'id', type: 'text' },
];
/** The columns that change from version to version. */
const STATE: IndexColumn[] = [
  { name: 'version_id', type: 'integer' },
  { name: 'last_updated', type: 'integer' },
  { name: 'method', type: 'text' },
  { name: 'text', type: 'text' },
];

/** Returns the statements that write versions. Superseded versions are copied to the history first. */
export function versionStatements({ rowsFromJson }: Dialect): string[] {
  const columns = [KEY, ...ADDRESS, ...STATE];
  const state = [KEY, ...STATE];
  return [
    `INSERT INTO resource (${VERSION_COLUMNS}) ${rowsFromJson(columns)}`,
    `INSERT INTO resource_history (${VERSION_COLUMNS}) ${rowsFromJson(columns)}`,
    `INSERT INTO resource_history (${VERSION_COLUMNS})` +
      ` SELECT ${VERSION_COLUMNS} FROM resource WHERE key IN (${rowsFromJson([KEY])})`,
    `UPDATE resource SET ${STATE.map(({ name }) => `${name} = made.${name}`).join(', ')}` +
      ` FROM (${rowsFromJson(state)}) AS made WHERE resource.key = made.key`,
  ];
}

export interface VersionsOptions {
  dialect: Dialect;
  /** The group's connection, for queries that do not depend on what is buffered. */
  connection: Connection;
  known: KnownVersions;
  /** True if each job of the group can be rolled back alone. */
  undoable: boolean;
}

/**
 * The versions that a group of jobs reads and writes. Writes are buffered here, so that a group costs a few statements
 * instead of a few per job. A job that queries the database itself has them written first.
 */
export class Versions {
  readonly #options: VersionsOptions;
  /**
   * What the jobs would read; undefined if a job can be rolled back alone. Nobody else can change it until the group
   * ends, except by creating what was missing: the group then runs again and finds it.
   */
  readonly #found: Map<string, Version | undefined> | undefined;
  /** By key: first versions of new resources, and next versions of stored ones. */
  #first = new Map<number, Version>();
  #next = new Map<number, Version>();
  /** Superseded versions that were never written, and the keys of superseded versions in the database. */
  #passed: Version[] = [];
  #moved: number[] = [];
  #written = 0;
  /** Names of the resources that were read: other nodes cannot change them until the group ends. */
  readonly #kept = new Set<string>();

  constructor(options: VersionsOptions) {
    this.#options = options;
    this.#found = options.undoable ? undefined : new Map();
  }

  /** The number of writes buffered since the group began; it never decreases. */
  get written(): number {
    return this.#written;
  }

  /** True if something is not in the database yet. */
  get pending(): boolean {
    return this.#first.size > 0 || this.#next.size > 0;
  }

  /** Reads the resources that jobs will ask for in one query, if that pays off, and locks them against other nodes. */
  async look(addresses: readonly Address[]): Promise<void> {
    const { dialect, connection } = this.#options;
    const found = this.#found;
    for (const address of addresses) this.#kept.add(nameOf(address));
    const asked = found ? addresses.filter((address) => !this.#has(nameOf(address), found)) : addresses;
    if (asked.length < 2 || (!found && dialect.exclusive)) return;
    const rows = await connection.all<VersionRow>(dialect.resourcesAt(VERSION_COLUMNS, dialect.rowsFromJson(ADDRESS)), [
      JSON.stringify(asked.map(({ type, id }) => [type, id])),
    ]);
    if (!found) return;
    for (const address of asked) found.set(nameOf(address), undefined);
    for (const row of rows) found.set(nameOf(row), versionOf(row));
  }

  /** Returns those of these resources that other nodes can still change; none if no other process writes. */
  loose(addresses: readonly Address[]): Address[] {
    if (this.#options.dialect.exclusive) return [];
    return addresses.filter((address) => !this.#kept.has(nameOf(address)));
  }

  /**
   * Returns the current version of a resource, which may be a deletion, and locks it against other nodes until the
   * group ends. `asking` is the job's connection, which sends buffered writes to the database before a query.
   */
  async current(asking: Connection, type: string, id: string): Promise<Version | undefined> {
    const name = nameOf({ type, id });
    const found = this.#found;
    this.#kept.add(name);
    if (found && this.#has(name, found)) return found.get(name);
    const { dialect, connection } = this.#options;
    const sql = `SELECT ${VERSION_COLUMNS} FROM resource WHERE type = ? AND id = ?${dialect.forUpdate}`;
    // Written versions are found above, so the buffer does not have to be sent to the database first.
    const [row] = await (found ? connection : asking).all<VersionRow>(sql, [type, id]);
    const version = row && versionOf(row);
    found?.set(name, version);
    return version;
  }

  /** Buffers the first version of an id and returns it with its new key. */
  async insert(version: Omit<Version, 'key'>): Promise<Version> {
    const { known, connection } = this.#options;
    const first = { ...version, key: await known.newKey(connection) };
    this.#first.set(first.key, first);
    this.#wrote(first);
    return first;
  }

  /** Moves the current version to the history and replaces it by `next`. */
  supersede(next: Version): void {
    const unwritten = this.#first.get(next.key) ?? this.#next.get(next.key);
    if (unwritten) this.#passed.push(unwritten);
    else this.#moved.push(next.key);
    this.replace(next);
  }

  /** Replaces the current version by `next` without keeping it. */
  replace(next: Version): void {
    if (this.#first.has(next.key)) this.#first.set(next.key, next);
    else this.#next.set(next.key, next);
    this.#wrote(next);
  }

  /** Removes resources from the cache that are about to be erased. */
  forget(addresses: readonly Address[]): void {
    for (const name of addresses.map(nameOf)) {
      this.#found?.delete(name);
      this.#options.known.forget(name);
    }
  }

  /** Returns the buffered rows for each of the `versionStatements`, and empties the buffer. */
  take(): (string | undefined)[] {
    const next = [...this.#next.values()];
    const rows = [
      rowsAsJson(this.#inOrder([...this.#first.values()]).map(wholeOf)),
      rowsAsJson(this.#passed.map(wholeOf)),
      rowsAsJson(this.#moved.map((key) => [key])),
      rowsAsJson(next.map((version) => [version.key, ...stateOf(version)])),
    ];
    this.clear();
    return rows;
  }

  /**
   * Returns first versions in the order in which to write them. Rows that do not exist yet cannot be locked ahead:
   * nodes that create the same resources at the same time do so in one order, which prevents deadlocks.
   */
  #inOrder(first: Version[]): Version[] {
    if (this.#options.dialect.exclusive) return first;
    return first.sort((one, other) => (nameOf(one) < nameOf(other) ? -1 : 1));
  }

  /** Discards the buffer, because its job has failed. */
  clear(): void {
    this.#first = new Map();
    this.#next = new Map();
    this.#passed = [];
    this.#moved = [];
  }

  /** After the commit, caches what the group has read and written. */
  committed(): void {
    for (const [name, version] of this.#found ?? []) if (version) this.#options.known.keep(name, version);
  }

  /** Returns true if a version is available without a query; a version from the cache is added to `found`. */
  #has(name: string, found: Map<string, Version | undefined>): boolean {
    if (found.has(name)) return true;
    const version = this.#options.known.version(name);
    if (version) found.set(name, version);
    return version !== undefined;
  }

  #wrote(version: Version): void {
    this.#written += 1;
    const name = nameOf(version);
    if (this.#found) this.#found.set(name, version);
    else this.#options.known.forget(name);
  }
}

/** Returns rows as JSON, or undefined if there are none. */
export function rowsAsJson(rows: readonly (readonly (string | number | null)[])[]): string | undefined {
  return rows.length === 0 ? undefined : JSON.stringify(rows);
}

function wholeOf(version: Version): (string | number | null)[] {
  return [version.key, version.type, version.id, ...stateOf(version)];
}

function stateOf({ versionId, lastUpdated, method, text }: Version): (string | number | null)[] {
  return [versionId, lastUpdated, method, text];
}
