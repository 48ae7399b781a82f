import { Failure } from '../errors.ts';
import { MAX_DEPTH } from '../json/read.ts';
import { isObject, type Json, type JsonObject } from '../json/value.ts';

/** Bytes around the name of a member, and after each member or item. */
const AROUND_NAME = 3;
const BEHIND = 1;

/**
 * Minimum work budget of a patch besides what its operations state, in object members copied. Copying and moving list
 * items is cheaper by these factors.
 */
const LEAST_WORK = 30_000;
const ITEMS_COPIED = 16;
const ITEMS_MOVED = 500;
/** Bytes of the largest result per unit of work, if that gives a larger budget. */
const BYTES_A_MEMBER = 35;

/**
 * Limits what a patch may make of a document: a few copy operations could multiply its contents. Sizes are bytes of
 * JSON, without escapes. Each part is measured once; changes adjust the size.
 *
 * The original document stays unchanged: a list or object is copied on its first change, and then belongs to the patch
 * until an operation may have put it into two places.
 */
export class PatchBounds {
  readonly #most: number;
  readonly #sizes = new WeakMap<object, number>();
  #own = new WeakSet<object>();
  #left: number;

  /** @param most maximum bytes of the resulting document; a document that is already larger may keep its size */
  constructor(document: Json, most: number) {
    this.#most = Math.max(most, this.sizeOf(document));
    this.#left = Math.max(LEAST_WORK, this.#most / BYTES_A_MEMBER);
  }

  /**
   * Checks and returns the document between two operations: twice the size is allowed, since a later operation may
   * remove what another adds.
   */
  between(document: Json): Json {
    this.#refuseLarge(document, 2 * this.#most);
    return document;
  }

  /** Throws `business-rule` for a document that is too large, or nested deeper than the JSON reader accepts. */
  refuseOverflow(document: Json): void {
    this.#refuseLarge(document, this.#most);
    refuseDeep(document, 1);
  }

  #refuseLarge(document: Json, most: number): void {
    if (this.sizeOf(document) > most) {
      throw new Failure('business-rule', `The patched resource would have more than ${this.#most} bytes.`);
    }
  }

  /** Returns a list or object that the patch may change. Throws `business-rule` if the work exceeds the budget. */
  own<Parent extends Json[] | JsonObject>(parent: Parent): Parent {
    if (this.#own.has(parent)) return parent;
    this.#work(Array.isArray(parent) ? parent.length / ITEMS_COPIED : Object.keys(parent).length);
    const own = (Array.isArray(parent) ? [...parent] : { ...parent }) as Parent;
    this.#own.add(own);
    this.#sizes.set(own, this.sizeOf(parent));
    return own;
  }

  /** Counts list items moved to make room or close a gap. Throws like `own`. */
  moved(items: number): void {
    this.#work(items / ITEMS_MOVED);
  }

  #work(members: number): void {
    this.#left -= members;
    if (this.#left >= 0) return;
    throw new Failure(
      'business-rule',
      'The patch changes very large lists or objects too often: split it into several patches.',
    );
  }

  /** Call when a part of the document may be in two places from now on. */
  share(): void {
    this.#own = new WeakSet();
  }

  /** Adjusts the size after a part of an owned list or object was added, removed or replaced. */
  changed(parent: Json[] | JsonObject, key: string, before: Json | undefined, after: Json | undefined): void {
    const around = BEHIND + (Array.isArray(parent) ? 0 : nameSize(key));
    const part = (value: Json | undefined) => (value === undefined ? 0 : around + this.sizeOf(value));
    this.grow(parent, part(after) - part(before));
  }

  /** Adds bytes to the size of an owned list or object. */
  grow(parent: Json[] | JsonObject, bytes: number): void {
    this.#sizes.set(parent, this.sizeOf(parent) + bytes);
  }

  /** Returns the size of a value in bytes. */
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
