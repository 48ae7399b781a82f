import type { Dialect } from '../dialects/dialect.ts';
import type { Version } from '../engine.ts';
import type { Connection } from './connection.ts';

/** What tells a resource: no other has this type and this id. */
export interface Address {
  type: string;
  id: string;
}

/** How a resource is called where it is a key. */
export function nameOf({ type, id }: Address): string {
  return `${type}/${id}`;
}

/** Keys that no resource has had: all from the first to the last. */
interface KeyRun {
  first: number;
  last: number;
}

/** Characters of text that current versions are kept of, at most. */
const MOST_TEXT = 4_000_000;

/**
 * What the writer knows of the database without asking it, from one group of jobs to the next: keys that are free, and,
 * where nobody else writes, the current versions of resources that it has written or read of late.
 */
export class Known {
  readonly #dialect: Dialect;
  #keys: KeyRun[] = [];
  /** The one least used stands first. */
  #versions = new Map<string, Version>();
  #text = 0;

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
  }

  /** A key that no resource has had. */
  async newKey(connection: Connection): Promise<number> {
    if (this.#keys.length === 0) this.#keys = await connection.all<KeyRun>(this.#dialect.newKeys);
    const [run] = this.#keys;
    if (!run) throw new Error('The database gives no keys: it is damaged.');
    const key = run.first;
    run.first += 1;
    if (run.first > run.last) this.#keys.shift();
    return key;
  }

  /** True where the current version of a resource is known. */
  has(name: string): boolean {
    return this.#versions.has(name);
  }

  /** The current version of a resource, where it is known. */
  version(name: string): Version | undefined {
    const version = this.#versions.get(name);
    if (!version) return undefined;
    this.#versions.delete(name);
    this.#versions.set(name, version);
    return version;
  }

  /** Keeps what has become the current version of its resource. */
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

  /** Forgets a resource: what is kept may not be its current version any more. */
  forget(name: string): void {
    const version = this.#versions.get(name);
    if (!version) return;
    this.#versions.delete(name);
    this.#text -= sizeOf(version);
  }

  /** Forgets everything: the connection is another. */
  clear(): void {
    this.#keys = [];
    this.#versions = new Map();
    this.#text = 0;
  }
}

/** What a version costs to keep, in characters: the text, and what is around it. */
function sizeOf({ text }: Version): number {
  return (text?.length ?? 0) + 500;
}
