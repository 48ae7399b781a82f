import type { JsonObject } from '../../resources/json/value.ts';
import type { Stored } from '../stored.ts';

/** What is told of a User or a Client: the resource, which holds no secret, and `sub`, the subject of its tokens. */
export function userInfo({ id, resource }: Stored): JsonObject {
  return { ...resource, sub: id };
}
