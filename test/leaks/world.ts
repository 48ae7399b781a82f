/** The stored data as the tests record it: every version of every resource, independent of Ward's storage. */

export type Type = 'Patient' | 'Organization' | 'Observation';
export const TYPES: readonly Type[] = ['Patient', 'Organization', 'Observation'];

interface Reference {
  reference: string;
}

/** The elements that the tests use, of all types together. */
export interface Content {
  active?: boolean;
  gender?: string;
  birthDate?: string;
  name?: string | { family: string }[];
  managingOrganization?: Reference;
  link?: { type: 'refer'; other: Reference }[];
  status?: string;
  code?: { coding: { code: string }[] };
  subject?: Reference;
}

export interface Resource extends Content {
  type: Type;
  id: string;
}

/** The resources of a type that someone can see. */
export interface View {
  of(type: Type): Resource[];
}

export interface Entry {
  type: Type;
  id: string;
  /** By version id, from 1; null for a deletion. */
  versions: (Resource | null)[];
}

/** An event in the history. */
export interface Moment {
  entry: Entry;
  /** From 1. */
  versionId: number;
}

export class World implements View {
  readonly entries = new Map<string, Entry>();
  /** In chronological order. */
  readonly moments: Moment[] = [];

  find(type: Type, id: string): Entry | undefined {
    return this.entries.get(`${type}/${id}`);
  }

  /** Returns all current resources of a type. */
  of(type: Type): Resource[] {
    return [...this.entries.values()].flatMap((entry) => {
      const current = entry.versions.at(-1);
      return entry.type === type && current ? [current] : [];
    });
  }

  /** Stores a version if it differs from the current one; returns a function that undoes this. */
  write(type: Type, id: string, content: Content | null): () => void {
    const entry = this.find(type, id) ?? { type, id, versions: [] };
    const next = content && { ...content, type, id };
    if (same(entry.versions.at(-1) ?? null, next)) return () => undefined;
    this.entries.set(`${type}/${id}`, entry);
    entry.versions.push(next);
    this.moments.push({ entry, versionId: entry.versions.length });
    return () => {
      entry.versions.pop();
      this.moments.pop();
      if (entry.versions.length === 0) this.entries.delete(`${type}/${id}`);
    };
  }
}

/** Returns the version that decides if an event is visible: for a deletion, the one that it ended. */
export function judgedBy({ entry, versionId }: Moment): Resource | null | undefined {
  return entry.versions[versionId - 1] ?? entry.versions[versionId - 2];
}

export function same(left: unknown, right: unknown): boolean {
  return canonical(left) === canonical(right);
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([left], [right]) => (left < right ? -1 : 1)))
      : part,
  );
}
