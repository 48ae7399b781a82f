/** JSON Patch, https://www.rfc-editor.org/rfc/rfc6902, with pointers by https://www.rfc-editor.org/rfc/rfc6901. */
import { Failure } from '../errors.ts';
import { equalValues } from '../json/equal.ts';
import { isObject, type Json, type JsonObject } from '../json/value.ts';
import type { PatchBounds } from './bounds.ts';

const MOST_OPERATIONS = 1000;

/** What every step of an operation is done with. */
interface At {
  /** Where the operation stands in the patch, for messages. */
  place: string;
  bounds: PatchBounds;
}

interface Operation extends At {
  path: string[];
  from: string[];
  value: Json;
}

type Apply = (target: Json, operation: Operation) => Json;

/** Every operation of RFC 6902 §4: each gives the changed document and leaves the one it was given as it was. */
const OPERATIONS: Record<string, { needs: ('from' | 'value')[]; apply: Apply }> = {
  add: { needs: ['value'], apply: (target, operation) => add(target, operation.path, operation.value, operation) },
  remove: { needs: [], apply: (target, operation) => remove(target, operation.path, operation) },
  replace: {
    needs: ['value'],
    apply: (target, operation) => {
      const { path, value } = operation;
      if (path.length === 0) return value;
      return change(target, path, operation, (parent, key) => put(parent, key, value, operation, 'replace'));
    },
  },
  move: {
    needs: ['from'],
    apply: (target, operation) => {
      const { path, from } = operation;
      if (isPrefix(from, path)) throw refused(operation, 'A value cannot be moved into itself.');
      return add(remove(target, from, operation), path, read(target, from, operation), operation);
    },
  },
  copy: {
    needs: ['from'],
    apply: (target, operation) => add(target, operation.path, read(target, operation.from, operation), operation),
  },
  test: {
    needs: ['value'],
    apply: (target, operation) => {
      const { path, value } = operation;
      if (!equalValues(read(target, path, operation), value)) {
        throw refused(operation, 'The value is not the one tested for.');
      }
      return target;
    },
  },
};

/**
 * The document that a patch makes of another; all of its operations, or none. Throws `malformed` for what is no
 * JSON Patch and `business-rule` (422) for an operation that does not apply, or makes the document too large.
 */
export function applyJsonPatch(target: Json, patch: Json, bounds: PatchBounds): Json {
  if (!Array.isArray(patch)) throw new Failure('malformed', 'A JSON Patch is an array of operations.');
  if (patch.length > MOST_OPERATIONS) {
    throw new Failure('malformed', `A JSON Patch has at most ${MOST_OPERATIONS} operations here.`);
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

/** The parts of a JSON Pointer (RFC 6901 §4). */
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
    if (child === undefined) throw refused(at, `There is nothing at /${path.join('/')}.`);
    value = child;
  }
  return value;
}

function add(target: Json, path: string[], value: Json, at: At): Json {
  if (path.length === 0) return value;
  return change(target, path, at, (parent, key) => put(parent, key, value, at, 'insert'));
}

function remove(target: Json, path: string[], at: At): Json {
  if (path.length === 0) throw refused(at, 'The whole resource cannot be removed by a patch.');
  return change(target, path, at, (parent, key) => {
    if (childOf(parent, key) === undefined) throw refused(at, `There is nothing at /${path.join('/')}.`);
    const parts = [childOf(parent, key), undefined] as const;
    if (Array.isArray(parent)) {
      const left = parent.filter((_, index) => index !== Number(key));
      return at.bounds.changed(parent, key, parts, left);
    }
    const { [key]: _removed, ...rest } = parent;
    return at.bounds.changed(parent, key, parts, rest);
  });
}

/** Copies what leads to a place and gives its parent to `edit`; the rest is shared with the document it was. */
function change(target: Json, path: string[], at: At, edit: (parent: Json[] | JsonObject, key: string) => Json): Json {
  const [key = '', ...rest] = path;
  if (!Array.isArray(target) && !isObject(target)) throw refused(at, `There is no parent at /${key}.`);
  if (rest.length === 0) return edit(target, key);
  const child = childOf(target, key);
  if (child === undefined) throw refused(at, `There is nothing at ${key} to look into.`);
  return put(target, key, change(child, rest, at, edit), at, 'replace');
}

function put(parent: Json[] | JsonObject, key: string, value: Json, at: At, how: 'insert' | 'replace'): Json {
  if (!Array.isArray(parent)) {
    if (key === '__proto__') throw refused(at, '__proto__ is not a name.');
    if (how === 'replace' && !Object.hasOwn(parent, key)) throw refused(at, `There is no ${key} to replace.`);
    return at.bounds.changed(parent, key, [childOf(parent, key), value], { ...parent, [key]: value });
  }
  const index = how === 'insert' && key === '-' ? parent.length : indexOf(key);
  const last = how === 'insert' ? parent.length : parent.length - 1;
  if (index === undefined || index > last) throw refused(at, `${key} is not a place in the list.`);
  return how === 'insert'
    ? at.bounds.changed(parent, key, [undefined, value], parent.toSpliced(index, 0, value))
    : at.bounds.changed(parent, key, [parent[index], value], parent.with(index, value));
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
