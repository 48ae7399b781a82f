import { Failure } from '../errors.ts';
import { MAX_DEPTH } from '../json/read.ts';
import { isObject, type Json, type JsonObject } from '../json/value.ts';

/** What stands around the name of a member, and behind each member or item. */
const AROUND_NAME = 3;
const BEHIND = 1;

/**
 * Work that the operations of a patch may make beside what they say, as the members of objects that are copied. Lists
 * are copied, and moved to make room, so many items faster.
 */
const LEAST_WORK = 30_000;
const ITEMS_COPIED = 16;
const ITEMS_MOVED = 500;
/** Bytes that the document may have for each piece of work, where that is more. */
const BYTES_A_MEMBER = 35;

/**
 * What a patch may make of a document: a few operations that copy could make a large one of what is there. Sizes are
 * bytes of JSON, as they are where no character has to be escaped. Each part is measured once: what is changed is as
 * large as it was, but for the change.
 *
 * The document that was given stays as it was: a list or an object is copied when it is changed for the first time, and
 * is the patch's own from then on, until an operation may have put it into two places.
 */
export class PatchBounds {
  readonly #most: number;
  readonly #sizes = new WeakMap<object, number>();
  #own = new WeakSet<object>();
  #left: number;

  /** @param most bytes that the document may have afterwards, where it does not have more already */
  constructor(document: Json, most: number) {
    this.#most = Math.max(most, this.sizeOf(document));
    this.#left = Math.max(LEAST_WORK, this.#most / BYTES_A_MEMBER);
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
    if (this.sizeOf(document) > most) {
      throw new Failure('business-rule', `The patched resource would have more than ${this.#most} bytes.`);
    }
  }

  /** A list or an object as the patch may change it. Throws `business-rule` where that is too much work. */
  own<Parent extends Json[] | JsonObject>(parent: Parent): Parent {
    if (this.#own.has(parent)) return parent;
    this.#work(Array.isArray(parent) ? parent.length / ITEMS_COPIED : Object.keys(parent).length);
    const own = (Array.isArray(parent) ? [...parent] : { ...parent }) as Parent;
    this.#own.add(own);
    this.#sizes.set(own, this.sizeOf(parent));
    return own;
  }

  /** Notes that so many items of a list are moved to make room, or to close a gap. Throws as `own`. */
  moved(items: number): void {
    this.#work(items / ITEMS_MOVED);
  }

  #work(members: number): void {
    this.#left -= members;
    if (this.#left >= 0) return;
    throw new Failure('business-rule', 'The patch changes very large lists or objects too often: send it in several.');
  }

  /** Says that something of the document may be in two places from now on. */
  share(): void {
    this.#own = new WeakSet();
  }

  /** Notes that a part of a list or an object of the patch's own has come, gone or become another. */
  changed(parent: Json[] | JsonObject, key: string, before: Json | undefined, after: Json | undefined): void {
    const around = BEHIND + (Array.isArray(parent) ? 0 : nameSize(key));
    const part = (value: Json | undefined) => (value === undefined ? 0 : around + this.sizeOf(value));
    this.grow(parent, part(after) - part(before));
  }

  /** Notes that a list or an object of the patch's own has so many bytes more. */
  grow(parent: Json[] | JsonObject, bytes: number): void {
    this.#sizes.set(parent, this.sizeOf(parent) + bytes);
  }

  /** Bytes of a value. */
  sizeOf(value: Json): number {
    if (typeof value === 'string') return 2 + Buffer.byteLength(value);
    if (!Array.isArray(value) && !isObject(value)) return String(value).length;
    let size = this.#sizes.get(value);
    if (size === undefined) {
      size = 2;
      if (Array.isArray(value)) for (const item of value) size += BEHIND + this.sizeOf(item);
      else for (const [name, item] of Object.entries(value)) size += BEHIND + nameSize(name) + this.sizeOf(item);
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
