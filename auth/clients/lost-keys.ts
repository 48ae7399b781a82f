import { isObject, type Json, type JsonObject } from '../../resources/json/value.ts';

/** Returns true if the Client has lost a key that it could sign with. An added key revokes nothing. */
export function hasLostKeys(before: JsonObject, after: JsonObject): boolean {
  const kept = new Set(keysOf(after['jwks']));
  if (keysOf(before['jwks']).some((key) => !kept.has(key))) return true;
  const uri = before['jwks_uri'];
  if (uri === undefined) return false;
  // `jwks` takes precedence over `jwks_uri`: adding a set removes the keys of the address.
  return after['jwks_uri'] !== uri || (before['jwks'] === undefined && after['jwks'] !== undefined);
}

/** Returns the identity of each key of a JWK Set, independent of its `kid` (RFC 7638 §3.2). */
function keysOf(jwks: Json | undefined): string[] {
  const keys = isObject(jwks) ? jwks['keys'] : undefined;
  if (!Array.isArray(keys)) return [];
  return keys.filter(isObject).map(({ kty, crv, x, y, n, e }) => JSON.stringify([kty, crv, x, y, n, e]));
}
