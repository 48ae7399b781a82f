import type { Patching, Version } from '../engine.ts';
import { Failure } from '../errors.ts';
import { isObject, type JsonObject } from '../json/value.ts';
import { resourceOf } from '../storage/version-row.ts';
import { PatchBounds } from './bounds.ts';

/**
 * Applies a change to the current version of a resource and returns the result. Throws what `change` throws, and
 * `business-rule` if the result is too large or no longer the same resource.
 * @param most maximum bytes of the result
 */
export function patchedResource(current: Version, change: Patching, most: number): JsonObject {
  const resource = resourceOf(current);
  if (!resource) throw new Error('A stored version is not a resource: the database is damaged.');
  const bounds = new PatchBounds(resource, most);
  const patched = change(resource, bounds);
  bounds.refuseOverflow(patched);
  const { type, id } = current;
  // A patch may change everything except the type and id in the URL.
  if (isObject(patched) && patched['resourceType'] === type && patched['id'] === id) return patched;
  throw new Failure('business-rule', 'A patch must not change the resourceType or the id.');
}
