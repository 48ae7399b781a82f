import { isObject, type Json, type JsonObject } from '../json/value.ts';

/**
 * State of the check of a resource that may contain others (https://hl7.org/fhir/R4/references.html#contained): its
 * contained resources, and the `#` references so far.
 */
export class Container {
  /** The types of the contained resources, by id. */
  readonly #types = new Map<string, string>();
  readonly #used = new Set<string>();
  /** The indices of contained resources that refer to the resource around them. */
  readonly #referringOut = new Set<number>();
  /** The element ids so far, each with the contained resource that it is in. */
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

  /** Registers a reference or URI that starts with `#`; returns false if it points at nothing. */
  use(fragment: string): boolean {
    const id = fragment.slice(1);
    if (id === '') {
      if (this.inside !== undefined) this.#referringOut.add(this.inside);
      return true;
    }
    this.#used.add(id);
    return this.#types.has(id);
  }

  /**
   * Registers the id of an element; returns false if the resource has it already. Contained resources count separately.
   */
  take(id: string): boolean {
    const { size } = this.#elements;
    return this.#elements.add(`${this.inside ?? ''} ${id}`).size > size;
  }

  /** Returns the type of a contained resource. */
  typeOf(id: string): string | undefined {
    return this.#types.get(id);
  }

  /**
   * Returns the indices of contained resources that nothing refers to and that do not refer to the container (dom-3).
   */
  unused(contained: Json[]): number[] {
    return contained.flatMap((item, index) => {
      const isUsed = isObject(item) && typeof item.id === 'string' && this.#used.has(item.id);
      return isUsed || this.#referringOut.has(index) ? [] : [index];
    });
  }
}
