/** JSON Merge Patch, https://www.rfc-editor.org/rfc/rfc7396. */
import { Failure } from '../errors.ts';
import { isObject, type Json, type JsonObject } from '../json/value.ts';

/**
 * Applies a merge patch to a document and returns the new one (RFC 7396 §2). Throws `malformed` if the patch is not an
 * object.
 * @param unseen members that may exist without being shown: their nulls are kept, for the code that removes them
 */
export function applyMergePatch(target: Json, patch: Json, unseen: readonly string[] = []): Json {
  if (!isObject(patch)) throw new Failure('malformed', 'A merge patch of a resource must be an object.');
  const merged = merge(target, patch);
  for (const name of unseen) if (patch[name] === null) merged[name] = null;
  return merged;
}

function merge(target: Json | undefined, patch: JsonObject): JsonObject {
  const merged: JsonObject = isObject(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete merged[name];
    else merged[name] = isObject(value) ? merge(merged[name], value) : value;
  }
  return merged;
}
