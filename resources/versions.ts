import { type Connection, DatabaseError } from './connection.ts';
import type { Dialect } from './dialects/dialect.ts';
import type { Version } from './engine.ts';
import type { IndexColumn } from './search/tables.ts';
import { VERSION_COLUMNS, type VersionRow, versionOf } from './store.ts';

/** What tells a resource: no other has this type and this id. */
export interface Address {
  type: string;
  id: string;
}

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

/**
 * The versions that a group of jobs reads and writes. What it writes is gathered here, so that a group costs a
 * statement or three and not some a job; whoever asks the database itself has it written first.
 */
export class Versions {
  readonly #dialect: Dialect;
  /** What the jobs would find, where nobody else can change it and no job of the group can be undone by itself. */
  readonly #known: Map<string, Version | undefined> | undefined;
  #first: Version[] = [];
  #next = new Map<number, Version>();
  #keys: KeyRun[] = [];
  #written = 0;

  constructor(dialect: Dialect, undoable: boolean) {
    this.#dialect = dialect;
    this.#known = dialect.exclusive && !undoable ? new Map() : undefined;
  }

  /** How often something was written: it grows with each write. */
  get written(): number {
    return this.#written;
  }

  /** True where something is not in the database yet. */
  get pending(): boolean {
    return this.#first.length > 0 || this.#next.size > 0;
  }

  /** Reads what jobs are going to ask for, all at once, where that is worth it. */
  async look(connection: Connection, addresses: readonly Address[]): Promise<void> {
    const known = this.#known;
    const asked = known ? addresses.filter((address) => !known.has(nameOf(address))) : [];
    if (!known || asked.length < 2) return;
    const wanted = this.#dialect.rowsFromJson(ADDRESS);
    const rows = await connection.all<VersionRow>(
      `SELECT ${VERSION_COLUMNS} FROM resource WHERE (type, id) IN (${wanted})`,
      [JSON.stringify(asked.map(({ type, id }) => [type, id]))],
    );
    for (const address of asked) known.set(nameOf(address), undefined);
    for (const row of rows) known.set(nameOf(row), versionOf(row));
  }

  /** The current version of a resource, a deletion included; other nodes may not change it until the job ends. */
  async current(connection: Connection, type: string, id: string): Promise<Version | undefined> {
    const name = nameOf({ type, id });
    if (this.#known?.has(name)) return this.#known.get(name);
    const sql = `SELECT ${VERSION_COLUMNS} FROM resource WHERE type = ? AND id = ?${this.#dialect.forUpdate}`;
    const [row] = await connection.all<VersionRow>(sql, [type, id]);
    const version = row && versionOf(row);
    this.#known?.set(name, version);
    return version;
  }

  /** Stores the first version of an id, and gives it with its key. */
  async insert(connection: Connection, version: Omit<Version, 'key'>): Promise<Version> {
    const first = { ...version, key: await this.#newKey(connection) };
    this.#first.push(first);
    this.#wrote(first);
    return first;
  }

  /** Moves the current version to the history and puts the next in its place. */
  async supersede(connection: Connection, next: Version): Promise<void> {
    // A version that is not there yet cannot be moved.
    if (this.#next.has(next.key) || this.#first.some(({ key }) => key === next.key)) await this.flush(connection);
    this.#next.set(next.key, next);
    this.#wrote(next);
  }

  /** Puts the next version in the place of the current one, which is not kept. */
  async replace(connection: Connection, next: Version): Promise<void> {
    await this.flush(connection);
    await this.#update(connection, [next]);
    this.#wrote(next);
  }

  /** Forgets resources that were removed for good. */
  forget(addresses: readonly Address[]): void {
    for (const address of addresses) this.#known?.delete(nameOf(address));
  }

  /** Writes what was gathered. Throws a DatabaseError `contention` where another node has made one of the ids. */
  async flush(connection: Connection): Promise<void> {
    const [first, next] = [this.#first, [...this.#next.values()]];
    this.clear();
    if (first.length > 0) await this.#insert(connection, first);
    if (next.length === 0) return;
    await connection.run(
      `INSERT INTO resource_history (${VERSION_COLUMNS})` +
        ` SELECT ${VERSION_COLUMNS} FROM resource WHERE key IN (${this.#dialect.rowsFromJson([KEY])})`,
      [JSON.stringify(next.map(({ key }) => [key]))],
    );
    await this.#update(connection, next);
  }

  /** Forgets what was gathered: the job that it belongs to has failed. */
  clear(): void {
    this.#first = [];
    this.#next = new Map();
  }

  #wrote(version: Version): void {
    this.#written += 1;
    this.#known?.set(nameOf(version), version);
  }

  async #newKey(connection: Connection): Promise<number> {
    if (this.#keys.length === 0) this.#keys = await connection.all<KeyRun>(this.#dialect.newKeys);
    const [run] = this.#keys;
    if (!run) throw new Error('The database gives no keys: it is damaged.');
    const key = run.first;
    run.first += 1;
    if (run.first > run.last) this.#keys.shift();
    return key;
  }

  async #insert(connection: Connection, versions: Version[]): Promise<void> {
    const columns = [KEY, ...ADDRESS, ...STATE];
    // Without WHERE, SQLite would take ON CONFLICT for the constraint of a join.
    const rows = `SELECT * FROM (${this.#dialect.rowsFromJson(columns)}) AS made WHERE true`;
    const made = await connection.run(
      `INSERT INTO resource (${columns.map(({ name }) => name).join(', ')}) ${rows} ON CONFLICT (type, id) DO NOTHING`,
      [JSON.stringify(versions.map((version) => [version.key, version.type, version.id, ...stateOf(version)]))],
    );
    if (made < versions.length) {
      const names = versions.map(nameOf).join(', ');
      throw new DatabaseError('contention', `One of ${names} was made by another node at the same moment`);
    }
  }

  async #update(connection: Connection, versions: Version[]): Promise<void> {
    const columns = [KEY, ...STATE];
    const names = columns.map(({ name }) => name).join(', ');
    const changes = STATE.map(({ name }) => `${name} = made.${name}`).join(', ');
    await connection.run(
      `WITH made (${names}) AS (${this.#dialect.rowsFromJson(columns)})` +
        ` UPDATE resource SET ${changes} FROM made WHERE resource.key = made.key`,
      [JSON.stringify(versions.map((version) => [version.key, ...stateOf(version)]))],
    );
  }
}

/** Keys that no resource has had: all from the first to the last. */
interface KeyRun {
  first: number;
  last: number;
}

function stateOf({ versionId, lastUpdated, method, text }: Version): (string | number | null)[] {
  return [versionId, lastUpdated, method, text];
}

function nameOf({ type, id }: Address): string {
  return `${type}/${id}`;
}
