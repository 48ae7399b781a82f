import type { JsonObject } from '../../resources/json/value.ts';
import type { Stored } from '../stored.ts';

/**
 * Returns the claims about a User or Client: the resource, which contains no secret, and `sub`, the subject of its
 * tokens.
 */
export function userInfo({ id, resource }: Stored): JsonObject {
  return { ...resource, sub: id };
}
