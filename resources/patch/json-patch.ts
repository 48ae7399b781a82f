/** JSON Patch, https://www.rfc-editor.org/rfc/rfc6902, with JSON Pointers, https://www.rfc-editor.org/rfc/rfc6901. */
import { Failure } from '../errors.ts';
import { equalValues } from '../json/equal.ts';
import { isObject, type Json, type JsonObject } from '../json/value.ts';
import type { PatchBounds } from './bounds.ts';

const MOST_OPERATIONS = 1000;

/** The context of an operation. */
interface At {
  /** Names the operation in messages. */
  place: string;
  bounds: PatchBounds;
}

interface Operation extends At {
  path: string[];
  from: string[];
  value: Json;
}

type Apply = (target: Json, operation: Operation) => Json;

/**
 * The operations of RFC 6902 §4. Each returns the changed document, and changes only copies that belong to the patch.
 */
const OPERATIONS: Record<string, { needs: ('from' | 'value')[]; apply: Apply }> = {
  add: { needs: ['value'], apply: (target, operation) => add(target, operation.path, operation.value, operation) },
  remove: { needs: [], apply: (target, operation) => remove(target, operation.path, operation) },
  replace: {
    needs: ['value'],
    apply: (target, operation) => {
      const { path, value } = operation;
      if (path.length === 0) return value;
      return change(target, path, operation, (parent, key) => replace(parent, key, value, operation));
    },
  },
  move: {
    needs: ['from'],
    apply: (target, operation) => {
      const { path, from } = operation;
      if (isPrefix(from, path)) throw refused(operation, 'A value cannot be moved into itself.');
      const value = read(target, from, operation);
      return add(remove(target, from, operation), path, value, operation);
    },
  },
  copy: {
    needs: ['from'],
    apply: (target, operation) => {
      const value = read(target, operation.from, operation);
      operation.bounds.share();
      return add(target, operation.path, value, operation);
    },
  },
  test: {
    needs: ['value'],
    apply: (target, operation) => {
      const { path, value } = operation;
      if (!equalValues(read(target, path, operation), value)) {
        throw refused(operation, 'The value differs from the tested value.');
      }
      return target;
    },
  },
};

/**
 * Applies all operations of a patch, or none, and returns the new document. Throws `malformed` if it is not a JSON
 * Patch, and `business-rule` (422) if an operation does not apply or makes the document too large.
 */
export function applyJsonPatch(target: Json, patch: Json, bounds: PatchBounds): Json {
  if (!Array.isArray(patch)) throw new Failure('malformed', 'A JSON Patch must be an array of operations.');
  if (patch.length > MOST_OPERATIONS) {
    throw new Failure('malformed', `A JSON Patch can have at most ${MOST_OPERATIONS} operations.`);
  }
  const operations = patch.map((item, index) => {
    const place = `Operation ${index + 1} of the patch`;
    if (!isObject(item)) throw new Failure('malformed', `${place} must be an object.`);
    const { op } = item;
    const known = typeof op === 'string' && Object.hasOwn(OPERATIONS, op) ? OPERATIONS[op] : undefined;
    if (!known) throw new Failure('malformed', `${place}: op must be one of ${Object.keys(OPERATIONS).join(', ')}.`);
    for (const name of known.needs) {
      if (item[name] === undefined) throw new Failure('malformed', `${place}: ${name} is missing.`);
    }
    const from = known.needs.includes('from') ? pointer(item['from'], place, 'from') : [];
    const value = item['value'] ?? null;
    const operation = { place, bounds, path: pointer(item['path'], place, 'path'), from, value };
    return (document: Json) => bounds.between(known.apply(document, operation));
  });
  return operations.reduce((document, apply) => apply(document), target);
}

/** Parses a JSON Pointer (RFC 6901 §4). */
function pointer(value: Json | undefined, place: string, name: string): string[] {
  if (typeof value !== 'string' || !/^(?:\/(?:[^~]|~[01])*)?$/s.test(value)) {
    throw new Failure('malformed', `${place}: ${name} must be a JSON Pointer such as /name/0/family.`);
  }
  const parts = value.split('/').slice(1);
  return parts.map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function isPrefix(prefix: string[], path: string[]): boolean {
  return prefix.length < path.length && prefix.every((part, index) => part === path[index]);
}

function read(target: Json, path: string[], at: At): Json {
  let value = target;
  for (const key of path) {
    const child = childOf(value, key);
    if (child === undefined) throw refused(at, nothingAt(path));
    value = child;
  }
  return value;
}

function add(target: Json, path: string[], value: Json, at: At): Json {
  if (path.length === 0) return value;
  return change(target, path, at, (parent, key) => insert(parent, key, value, at));
}

function remove(target: Json, path: string[], at: At): Json {
  if (path.length === 0) throw refused(at, 'A patch cannot remove the whole resource.');
  return change(target, path, at, (parent, key) => {
    const value = childOf(parent, key);
    if (value === undefined) throw refused(at, nothingAt(path));
    at.bounds.changed(parent, key, value, undefined);
    if (!Array.isArray(parent)) delete parent[key];
    else {
      at.bounds.moved(parent.length - Number(key));
      parent.splice(Number(key), 1);
    }
  });
}

type Edit = (parent: Json[] | JsonObject, key: string) => void;

/** Calls `edit` with the parent of a place; the parent and its ancestors are copied if needed. */
function change(target: Json, path: string[], at: At, edit: Edit, depth = 0): Json {
  const key = path[depth] ?? '';
  if (!Array.isArray(target) && !isObject(target)) throw refused(at, `There is no parent at /${brief(key)}.`);
  const own = at.bounds.own(target);
  if (depth === path.length - 1) {
    edit(own, key);
    return own;
  }
  const child = childOf(own, key);
  if (child === undefined) throw refused(at, `There is nothing at ${brief(key)}.`);
  const size = at.bounds.sizeOf(child);
  const changed = change(child, path, at, edit, depth + 1);
  if (Array.isArray(own)) own[Number(key)] = changed;
  else own[key] = changed;
  at.bounds.grow(own, at.bounds.sizeOf(changed) - size);
  return own;
}

function insert(parent: Json[] | JsonObject, key: string, value: Json, at: At): void {
  if (!Array.isArray(parent)) {
    putMember(parent, key, value, at);
    return;
  }
  const index = key === '-' ? parent.length : indexOf(key);
  if (index === undefined || index > parent.length) throw refused(at, `${brief(key)} is not an index of the list.`);
  at.bounds.changed(parent, key, undefined, value);
  at.bounds.moved(parent.length - index);
  parent.splice(index, 0, value);
}

function replace(parent: Json[] | JsonObject, key: string, value: Json, at: At): void {
  if (!Array.isArray(parent)) {
    if (!Object.hasOwn(parent, key)) throw refused(at, `There is no ${brief(key)} to replace.`);
    putMember(parent, key, value, at);
    return;
  }
  const before = childOf(parent, key);
  if (before === undefined) throw refused(at, `${brief(key)} is not an index of the list.`);
  at.bounds.changed(parent, key, before, value);
  parent[Number(key)] = value;
}

function putMember(parent: JsonObject, key: string, value: Json, at: At): void {
  if (key === '__proto__') throw refused(at, '__proto__ is not allowed as a name.');
  at.bounds.changed(parent, key, childOf(parent, key), value);
  parent[key] = value;
}

function childOf(parent: Json, key: string): Json | undefined {
  if (Array.isArray(parent)) {
    const index = indexOf(key);
    return index === undefined ? undefined : parent[index];
  }
  return isObject(parent) && Object.hasOwn(parent, key) ? parent[key] : undefined;
}

/** An array index has no sign and no leading zero (RFC 6901 §4). */
function indexOf(key: string): number | undefined {
  return /^(?:0|[1-9]\d{0,8})$/.test(key) ? Number(key) : undefined;
}

function refused({ place }: At, reason: string): Failure {
  return new Failure('business-rule', `${place} does not apply: ${reason}`);
}

function nothingAt(path: string[]): string {
  return `There is nothing at ${brief(`/${path.slice(0, LONGEST_TOLD).join('/')}`)}.`;
}

const LONGEST_TOLD = 100;

/** Shortens a name or a path for a message. */
function brief(text: string): string {
  return text.length > LONGEST_TOLD ? `${text.slice(0, LONGEST_TOLD)}…` : text;
}
