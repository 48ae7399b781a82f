import type { Dialect } from '../dialects/dialect.ts';
import type { Version } from '../engine.ts';
import type { IndexColumn } from '../search/index/tables.ts';
import type { Connection } from './connection.ts';
import { type Address, type Known, nameOf } from './known.ts';
import { VERSION_COLUMNS, type VersionRow, versionOf } from './version-row.ts';

const KEY: IndexColumn = { name: 'key', type: 'integer' };
const ADDRESS: IndexColumn[] = [
  { name: 'type', type: 'text' },
  { name: 'id', type: 'text' },
];
/** What changes from one version to the next. */
const STATE: IndexColumn[] = [
  { name: 'version_id', type: 'integer' },
  { name: 'last_updated', type: 'integer' },
  { name: 'method', type: 'text' },
  { name: 'text', type: 'text' },
];

/** The statements that write versions, each as it takes rows; what is superseded goes to the history first. */
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
  /** What the group is within, where the database is asked past what is gathered. */
  connection: Connection;
  known: Known;
  /** True where a job of the group can be undone by itself. */
  undoable: boolean;
}

/**
 * The versions that a group of jobs reads and writes. What it writes is gathered here, so that a group costs a
 * statement and not some a job; whoever asks the database itself has it written first.
 */
export class Versions {
  readonly #options: VersionsOptions;
  /**
   * What the jobs would find, where none of them can be undone by itself. Nobody else can change it until the group
   * ends; whoever makes what was found missing has the group run again, which then finds it.
   */
  readonly #found: Map<string, Version | undefined> | undefined;
  /** By their keys: of resources that are not in the database yet, and of those that are. */
  #first = new Map<number, Version>();
  #next = new Map<number, Version>();
  /** Versions that were superseded before they were written, and keys of those that are in the database. */
  #passed: Version[] = [];
  #moved: number[] = [];
  #written = 0;
  /** The names of what has been looked at: other nodes may not change it until the group ends. */
  readonly #kept = new Set<string>();

  constructor(options: VersionsOptions) {
    this.#options = options;
    this.#found = options.undoable ? undefined : new Map();
  }

  /** How often something was written: it grows with each write. */
  get written(): number {
    return this.#written;
  }

  /** True where something is not in the database yet. */
  get pending(): boolean {
    return this.#first.size > 0 || this.#next.size > 0;
  }

  /** Reads what jobs are going to ask for, all at once, where that is worth it, and keeps it from other nodes. */
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

  /** Those of some resources that other nodes may change still; none where nobody else writes. */
  loose(addresses: readonly Address[]): Address[] {
    if (this.#options.dialect.exclusive) return [];
    return addresses.filter((address) => !this.#kept.has(nameOf(address)));
  }

  /**
   * The current version of a resource, a deletion included; other nodes may not change it until the job ends. `asking`
   * is the job's connection, which has everything written first that is gathered.
   */
  async current(asking: Connection, type: string, id: string): Promise<Version | undefined> {
    const name = nameOf({ type, id });
    const found = this.#found;
    this.#kept.add(name);
    if (found && this.#has(name, found)) return found.get(name);
    const { dialect, connection } = this.#options;
    const sql = `SELECT ${VERSION_COLUMNS} FROM resource WHERE type = ? AND id = ?${dialect.forUpdate}`;
    // What was written is found already: nothing has to be brought into the database first.
    const [row] = await (found ? connection : asking).all<VersionRow>(sql, [type, id]);
    const version = row && versionOf(row);
    found?.set(name, version);
    return version;
  }

  /** Stores the first version of an id, and gives it with its key. */
  async insert(version: Omit<Version, 'key'>): Promise<Version> {
    const { known, connection } = this.#options;
    const first = { ...version, key: await known.newKey(connection) };
    this.#first.set(first.key, first);
    this.#wrote(first);
    return first;
  }

  /** Moves the current version to the history and puts the next in its place. */
  supersede(next: Version): void {
    const unwritten = this.#first.get(next.key) ?? this.#next.get(next.key);
    if (unwritten) this.#passed.push(unwritten);
    else this.#moved.push(next.key);
    this.replace(next);
  }

  /** Puts the next version in the place of the current one, which is not kept. */
  replace(next: Version): void {
    if (this.#first.has(next.key)) this.#first.set(next.key, next);
    else this.#next.set(next.key, next);
    this.#wrote(next);
  }

  /** Forgets resources that are about to be removed for good. */
  forget(addresses: readonly Address[]): void {
    for (const name of addresses.map(nameOf)) {
      this.#found?.delete(name);
      this.#options.known.forget(name);
    }
  }

  /** Gives what was gathered, as rows for each of the `versionStatements`, and forgets it. */
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
   * First versions as they are to be written. What is not there yet cannot be locked ahead: nodes that make the same
   * resources at the same moment make them in one order, so that none waits for another that waits for it.
   */
  #inOrder(first: Version[]): Version[] {
    if (this.#options.dialect.exclusive) return first;
    return first.sort((one, other) => (nameOf(one) < nameOf(other) ? -1 : 1));
  }

  /** Forgets what was gathered: the job that it belongs to has failed. */
  clear(): void {
    this.#first = new Map();
    this.#next = new Map();
    this.#passed = [];
    this.#moved = [];
  }

  /** The group has committed: what it has found and written is what stands. */
  committed(): void {
    for (const [name, version] of this.#found ?? []) if (version) this.#options.known.keep(name, version);
  }

  /** True where a version is found without asking; one that is known from before is noted as found. */
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

/** Rows as JSON; undefined for none. */
export function rowsAsJson(rows: readonly (readonly (string | number | null)[])[]): string | undefined {
  return rows.length === 0 ? undefined : JSON.stringify(rows);
}

function wholeOf(version: Version): (string | number | null)[] {
  return [version.key, version.type, version.id, ...stateOf(version)];
}

function stateOf({ versionId, lastUpdated, method, text }: Version): (string | number | null)[] {
  return [versionId, lastUpdated, method, text];
}
