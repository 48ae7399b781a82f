import type { Dialect } from '../dialects/dialect.ts';
import type { Version } from '../engine.ts';
import type { Connection } from './connection.ts';

/** What identifies a resource: its type and id. */
export interface Address {
  type: string;
  id: string;
}

/** Returns `type/id`, for use as a map key. */
export function nameOf({ type, id }: Address): string {
  return `${type}/${id}`;
}

/** A range of unused keys, both ends included. */
interface KeyRun {
  first: number;
  last: number;
}

/** Maximum size of the cached versions, in characters. */
const MOST_TEXT = 4_000_000;

/**
 * What the writer knows without a query, from one group of jobs to the next: unused keys and, if no other process
 * writes, a cache of the current versions that it recently wrote or read.
 */
export class KnownVersions {
  readonly #dialect: Dialect;
  #keys: KeyRun[] = [];
  /** In order of last use: the first is evicted first. */
  #versions = new Map<string, Version>();
  #text = 0;

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
  }

  /** Returns an unused key. */
  async newKey(connection: Connection): Promise<number> {
    if (this.#keys.length === 0) this.#keys = await connection.all<KeyRun>(this.#dialect.newKeys);
    const [run] = this.#keys;
    if (!run) throw new Error('The database returned no keys: it is damaged.');
    const key = run.first;
    run.first += 1;
    if (run.first > run.last) this.#keys.shift();
    return key;
  }

  /** Returns true if the current version of the resource is cached. */
  has(name: string): boolean {
    return this.#versions.has(name);
  }

  /** Returns the cached current version of a resource. */
  version(name: string): Version | undefined {
    const version = this.#versions.get(name);
    if (!version) return undefined;
    this.#versions.delete(name);
    this.#versions.set(name, version);
    return version;
  }

  /** Caches a version that has become current, and evicts the least recently used ones. */
  keep(name: string, version: Version): void {
    if (!this.#dialect.exclusive) return;
    this.forget(name);
    this.#versions.set(name, version);
    this.#text += sizeOf(version);
    for (const [oldest] of this.#versions) {
      if (this.#text <= MOST_TEXT) break;
      this.forget(oldest);
    }
  }

  /** Removes a resource from the cache: the cached version may no longer be current. */
  forget(name: string): void {
    const version = this.#versions.get(name);
    if (!version) return;
    this.#versions.delete(name);
    this.#text -= sizeOf(version);
  }

  /** Empties everything, because the connection was replaced. */
  clear(): void {
    this.#keys = [];
    this.#versions = new Map();
    this.#text = 0;
  }
}

/** The size of a cached version in characters: its text plus overhead. */
function sizeOf({ text }: Version): number {
  return (text?.length ?? 0) + 500;
}
