import { isObject, type Json, type JsonObject } from '../../resources/json/value.ts';

/** True where keys that a Client could sign with are not its keys any more; one that is added ends nothing. */
export function hasLostKeys(before: JsonObject, after: JsonObject): boolean {
  const kept = new Set(keysOf(after['jwks']));
  if (keysOf(before['jwks']).some((key) => !kept.has(key))) return true;
  const uri = before['jwks_uri'];
  if (uri === undefined) return false;
  // Beside `jwks` an address is not asked: a set that comes to it takes the address's keys away.
  return after['jwks_uri'] !== uri || (before['jwks'] === undefined && after['jwks'] !== undefined);
}

/** Each key of a JWK Set by what makes it that key, whatever its `kid` (RFC 7638 §3.2). */
function keysOf(jwks: Json | undefined): string[] {
  const keys = isObject(jwks) ? jwks['keys'] : undefined;
  if (!Array.isArray(keys)) return [];
  return keys.filter(isObject).map(({ kty, crv, x, y, n, e }) => JSON.stringify([kty, crv, x, y, n, e]));
}
