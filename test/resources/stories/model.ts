/** What is stored by the contract alone: every version of every resource, in the order in which they were written. */
import type { Patient } from 'fhir/r4.js';

/** What a story says of a person. */
export interface Person {
  /** Values of its identifiers. */
  known: string[];
  born?: string | undefined;
}

export class Model {
  /** The versions of each id; a deletion is undefined. */
  readonly versions = new Map<string, (Person | undefined)[]>();

  /** The same once more, to try something out. */
  copy(): Model {
    const other = new Model();
    for (const [id, all] of this.versions) other.versions.set(id, [...all]);
    return other;
  }

  current(id: string): Person | undefined {
    return this.versions.get(id)?.at(-1);
  }

  /** The number of the current version; 0 for none. */
  version(id: string): number {
    return this.versions.get(id)?.length ?? 0;
  }

  /** The ids of those who are there and known by a value. */
  knownBy(value: string): string[] {
    return [...this.versions.keys()].filter((id) => this.current(id)?.known.includes(value));
  }

  /** Stores a version, unless the current one is the same. Gives the status of the answer. */
  write(id: string, person: Person): number {
    const before = this.current(id);
    if (before === undefined || !isSame(before, person)) this.#add(id, person);
    return before === undefined ? 201 : 200;
  }

  remove(id: string): number {
    if (this.current(id) !== undefined) this.#add(id, undefined);
    return 204;
  }

  /** The id that the server has chosen takes the place of the one in the story. */
  rename(from: string, to: string): void {
    const all = this.versions.get(from);
    if (all === undefined) return;
    this.versions.delete(from);
    this.versions.set(to, all);
  }

  #add(id: string, version: Person | undefined): void {
    this.versions.set(id, [...(this.versions.get(id) ?? []), version]);
  }
}

function isSame(one: Person, other: Person): boolean {
  return one.born === other.born && one.known.join() === other.known.join();
}

/** A person as it is sent; its story is the system of its identifiers. */
export function patient(story: string, { known, born }: Person): Patient {
  const identifier = known.map((value) => ({ system: story, value }));
  return {
    resourceType: 'Patient',
    ...(identifier.length > 0 && { identifier }),
    ...(born !== undefined && { birthDate: born }),
  };
}

/** The person of an answer. */
export function person({ identifier = [], birthDate }: Patient): Person {
  return { known: identifier.map(({ value = '' }) => value), born: birthDate };
}
