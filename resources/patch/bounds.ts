import { Failure } from '../errors.ts';
import { MAX_DEPTH } from '../json/read.ts';
import { isObject, type Json, type JsonObject } from '../json/value.ts';

/** What stands around the name of a member, and behind each member or item. */
const AROUND_NAME = 3;
const BEHIND = 1;

/**
 * What a patch may make of a document: a few operations that copy could make a large one of what is there. Sizes are
 * bytes of JSON, as they are where no character has to be escaped. Each part is measured once: what is changed is as
 * large as it was, but for the change.
 */
export class PatchBounds {
  readonly #most: number;
  readonly #sizes = new WeakMap<object, number>();

  /** @param most bytes that the document may have afterwards, where it does not have more already */
  constructor(document: Json, most: number) {
    this.#most = Math.max(most, this.#sizeOf(document));
  }

  /** Gives back what stands between two operations: twice as much may, as one may take away what another adds. */
  between(document: Json): Json {
    this.#refuseLarge(document, 2 * this.#most);
    return document;
  }

  /** Throws `business-rule` for a document that is too large, or deeper than the reader takes. */
  refuseOverflow(document: Json): void {
    this.#refuseLarge(document, this.#most);
    refuseDeep(document, 1);
  }

  #refuseLarge(document: Json, most: number): void {
    if (this.#sizeOf(document) > most) {
      throw new Failure('business-rule', `The patched resource would have more than ${this.#most} bytes.`);
    }
  }

  /** Notes what a list or an object became by a change of one part; undefined where there was none, or is none. */
  changed<Made extends Json[] | JsonObject>(
    parent: Json[] | JsonObject,
    key: string,
    [before, after]: readonly [Json | undefined, Json | undefined],
    made: Made,
  ): Made {
    const around = BEHIND + (Array.isArray(parent) ? 0 : nameSize(key));
    const part = (value: Json | undefined) => (value === undefined ? 0 : around + this.#sizeOf(value));
    this.#sizes.set(made, this.#sizeOf(parent) - part(before) + part(after));
    return made;
  }

  #sizeOf(value: Json): number {
    if (typeof value === 'string') return 2 + Buffer.byteLength(value);
    if (!Array.isArray(value) && !isObject(value)) return String(value).length;
    let size = this.#sizes.get(value);
    if (size === undefined) {
      size = 2;
      if (Array.isArray(value)) for (const item of value) size += BEHIND + this.#sizeOf(item);
      else for (const [name, item] of Object.entries(value)) size += BEHIND + nameSize(name) + this.#sizeOf(item);
      this.#sizes.set(value, size);
    }
    return size;
  }
}

function nameSize(name: string): number {
  return AROUND_NAME + Buffer.byteLength(name);
}

function refuseDeep(value: Json, depth: number): void {
  if (depth > MAX_DEPTH) throw new Failure('business-rule', 'The patched resource would be nested too deeply.');
  if (Array.isArray(value)) for (const item of value) refuseDeep(item, depth + 1);
  else if (isObject(value)) for (const item of Object.values(value)) refuseDeep(item, depth + 1);
}
