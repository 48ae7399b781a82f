/** JSON Patch, https://www.rfc-editor.org/rfc/rfc6902, with pointers by https://www.rfc-editor.org/rfc/rfc6901. */
import { Failure } from '../errors.ts';
import { equalValues } from '../json/equal.ts';
import { isObject, type Json, type JsonObject } from '../json/value.ts';

const MOST_OPERATIONS = 1000;

interface Operation {
  /** Where it stands in the patch, for messages. */
  place: string;
  path: string[];
  from: string[];
  value: Json;
}

type Apply = (target: Json, operation: Operation) => Json;

/** Every operation of RFC 6902 §4: each gives the changed document and leaves the one it was given as it was. */
const OPERATIONS: Record<string, { needs: ('from' | 'value')[]; apply: Apply }> = {
  add: { needs: ['value'], apply: (target, { path, value, place }) => add(target, path, value, place) },
  remove: { needs: [], apply: (target, { path, place }) => remove(target, path, place) },
  replace: {
    needs: ['value'],
    apply: (target, { path, value, place }) => {
      if (path.length === 0) return value;
      return change(target, path, place, (parent, key) => put(parent, key, value, place, 'replace'));
    },
  },
  move: {
    needs: ['from'],
    apply: (target, { path, from, place }) => {
      if (isPrefix(from, path)) throw refused(place, 'A value cannot be moved into itself.');
      return add(remove(target, from, place), path, read(target, from, place), place);
    },
  },
  copy: {
    needs: ['from'],
    apply: (target, { path, from, place }) => add(target, path, read(target, from, place), place),
  },
  test: {
    needs: ['value'],
    apply: (target, { path, value, place }) => {
      if (!equalValues(read(target, path, place), value)) throw refused(place, 'The value is not the one tested for.');
      return target;
    },
  },
};

/**
 * The document that a patch makes of another; all of its operations, or none. Throws `malformed` for what is no
 * JSON Patch and `business-rule` (422) for an operation that does not apply.
 */
export function applyJsonPatch(target: Json, patch: Json): Json {
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
    const operation = { place, path: pointer(item['path'], place, 'path'), from, value: item['value'] ?? null };
    return (document: Json) => known.apply(document, operation);
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

function read(target: Json, path: string[], place: string): Json {
  let value = target;
  for (const key of path) {
    const child = childOf(value, key);
    if (child === undefined) throw refused(place, `There is nothing at /${path.join('/')}.`);
    value = child;
  }
  return value;
}

function add(target: Json, path: string[], value: Json, place: string): Json {
  if (path.length === 0) return value;
  return change(target, path, place, (parent, key) => put(parent, key, value, place, 'insert'));
}

function remove(target: Json, path: string[], place: string): Json {
  if (path.length === 0) throw refused(place, 'The whole resource cannot be removed by a patch.');
  return change(target, path, place, (parent, key) => {
    if (childOf(parent, key) === undefined) throw refused(place, `There is nothing at /${path.join('/')}.`);
    if (Array.isArray(parent)) return parent.filter((_, index) => index !== Number(key));
    const { [key]: _removed, ...rest } = parent;
    return rest;
  });
}

/** Copies what leads to a place and gives its parent to `edit`; the rest is shared with the document it was. */
function change(
  target: Json,
  path: string[],
  place: string,
  edit: (parent: Json[] | JsonObject, key: string) => Json,
): Json {
  const [key = '', ...rest] = path;
  if (!Array.isArray(target) && !isObject(target)) throw refused(place, `There is no parent at /${key}.`);
  if (rest.length === 0) return edit(target, key);
  const child = childOf(target, key);
  if (child === undefined) throw refused(place, `There is nothing at ${key} to look into.`);
  return put(target, key, change(child, rest, place, edit), place, 'replace');
}

function put(parent: Json[] | JsonObject, key: string, value: Json, place: string, how: 'insert' | 'replace'): Json {
  if (!Array.isArray(parent)) {
    if (key === '__proto__') throw refused(place, '__proto__ is not a name.');
    if (how === 'replace' && !Object.hasOwn(parent, key)) throw refused(place, `There is no ${key} to replace.`);
    return { ...parent, [key]: value };
  }
  const index = how === 'insert' && key === '-' ? parent.length : indexOf(key);
  const last = how === 'insert' ? parent.length : parent.length - 1;
  if (index === undefined || index > last) throw refused(place, `${key} is not a place in the list.`);
  return how === 'insert' ? parent.toSpliced(index, 0, value) : parent.with(index, value);
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

function refused(place: string, reason: string): Failure {
  return new Failure('business-rule', `${place} does not apply: ${reason}`);
}
