import type { Patching, Version } from '../engine.ts';
import { Failure } from '../errors.ts';
import { isObject, type JsonObject } from '../json/value.ts';
import { resourceOf } from '../storage/version-row.ts';
import { PatchBounds } from './bounds.ts';

/**
 * What a change makes of the current version of a resource. Throws what the change throws, and `business-rule` for
 * what is too large, or is not that resource any more.
 * @param most bytes that it may have
 */
export function patchedResource(current: Version, change: Patching, most: number): JsonObject {
  const resource = resourceOf(current);
  if (!resource) throw new Error('A stored version is not a resource: the database is damaged.');
  const bounds = new PatchBounds(resource, most);
  const patched = change(resource, bounds);
  bounds.refuseOverflow(patched);
  const { type, id } = current;
  // A patch may change anything but what the address says.
  if (isObject(patched) && patched['resourceType'] === type && patched['id'] === id) return patched;
  throw new Failure('business-rule', 'A patch must leave a resource with the resourceType and the id it had.');
}
