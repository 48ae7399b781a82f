import { isObject, type Json, type JsonObject } from '../json/value.ts';

/**
 * A resource that may contain others (https://hl7.org/fhir/R4/references.html#contained), while it is checked: what it
 * contains, and what was referred to by `#`.
 */
export class Container {
  /** The types of the contained resources, by id. */
  readonly #types = new Map<string, string>();
  readonly #used = new Set<string>();
  /** The contained resources that refer to the resource that contains them. */
  readonly #referringOut = new Set<number>();
  /** The ids of elements that were met, each with the contained resource that it is in. */
  readonly #elements = new Set<string>();
  /** The index of the contained resource that is being checked. */
  inside: number | undefined;

  constructor(resource?: JsonObject) {
    const contained = resource?.contained;
    if (!Array.isArray(contained)) return;
    for (const item of contained) {
      if (!isObject(item) || typeof item.id !== 'string') continue;
      this.#types.set(item.id, typeof item.resourceType === 'string' ? item.resourceType : '');
    }
  }

  /** Notes a reference or URI that starts with `#`; false where it points at nothing. */
  use(fragment: string): boolean {
    const id = fragment.slice(1);
    if (id === '') {
      if (this.inside !== undefined) this.#referringOut.add(this.inside);
      return true;
    }
    this.#used.add(id);
    return this.#types.has(id);
  }

  /** Takes the id of an element; false where another of the resource has it. Contained resources are apart. */
  take(id: string): boolean {
    const { size } = this.#elements;
    return this.#elements.add(`${this.inside ?? ''} ${id}`).size > size;
  }

  /** The type of a contained resource. */
  typeOf(id: string): string | undefined {
    return this.#types.get(id);
  }

  /** The indices of the contained resources that nothing refers to and that do not refer out (dom-3). */
  unused(contained: Json[]): number[] {
    return contained.flatMap((item, index) => {
      const isUsed = isObject(item) && typeof item.id === 'string' && this.#used.has(item.id);
      return isUsed || this.#referringOut.has(index) ? [] : [index];
    });
  }
}
