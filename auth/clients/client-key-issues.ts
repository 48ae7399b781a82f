import { createPublicKey, type JsonWebKey } from 'node:crypto';
import type { Issue } from '../../resources/errors.ts';
import { isObject, type Json, type JsonObject } from '../../resources/json/value.ts';
import type { AuthSettings } from '../settings.ts';
import { bareHost, isPublicAddress, knownAddresses } from './public-address.ts';

/**
 * Returns the issues of a Client's keys. `jwks` is a JWK Set of public keys (RFC 7517 §5), because everyone who may
 * read the Client sees it. `jwks_uri` is an https address (RFC 7591 §2) that is not known to be private, unless the
 * settings permit that.
 */
export function clientKeyIssues({ jwks, jwks_uri: uri }: JsonObject, settings: KeySettings): Issue[] {
  return [
    ...(jwks === undefined ? [] : setIssues(jwks)),
    ...(typeof uri === 'string' ? addressIssues(uri, settings) : []),
  ];
}

/** The settings about keys of Clients. */
export type KeySettings = Pick<AuthSettings, 'privateJwksUris'>;

/** The most keys that a Client may have. */
export const MOST_KEYS = 20;
/** The minimum modulus of an RSA key, in bytes (RFC 7518 §3.3). */
const SHORTEST_RSA = 256;
const PRIVATE = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];

function setIssues(jwks: Json): Issue[] {
  const keys = isObject(jwks) ? jwks['keys'] : undefined;
  if (!Array.isArray(keys) || keys.length === 0 || keys.length > MOST_KEYS) {
    return [issue('Client.jwks', `jwks must be a JWK Set, {"keys": […]}, with 1 to ${MOST_KEYS} keys.`)];
  }
  return keys.flatMap((key, at) => {
    const problem = keyProblem(key);
    return problem === undefined ? [] : [issue(`Client.jwks.keys[${at}]`, problem)];
  });
}

function keyProblem(key: Json): string | undefined {
  return shapeProblem(key) ?? (isImportable(key) ? undefined : 'The key is invalid: check its crv and coordinates.');
}

/** Returns true if the values form a valid key, for example a point on its curve (RFC 7518 §6.2.1). */
function isImportable(jwk: Json): boolean {
  try {
    createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' });
    return true;
  } catch {
    return false;
  }
}

function shapeProblem(key: Json): string | undefined {
  if (!isObject(key)) return 'A key must be a JWK (an object).';
  if (PRIVATE.some((name) => key[name] !== undefined)) return 'A key must have only its public part.';
  const { kty, n, e, x, y, crv } = key;
  if (kty === 'RSA') {
    if (typeof n !== 'string' || typeof e !== 'string') return 'An RSA key must have n and e.';
    if (Buffer.from(n, 'base64url').length < SHORTEST_RSA) return 'An RSA key must have at least 2048 bits.';
    return undefined;
  }
  if (kty === 'EC' || kty === 'OKP') {
    const whole = typeof crv === 'string' && typeof x === 'string' && (kty === 'OKP' || typeof y === 'string');
    return whole ? undefined : `A key with kty ${kty} must have crv and its coordinates.`;
  }
  return 'kty must be RSA, EC or OKP; symmetric keys are not allowed.';
}

function addressIssues(uri: string, { privateJwksUris: permitted }: KeySettings): Issue[] {
  const url = URL.canParse(uri) ? new URL(uri) : undefined;
  if (!url || !['https:', 'http:'].includes(url.protocol) || url.username !== '' || url.password !== '') {
    return [issue('Client.jwks_uri', 'jwks_uri must be an https URL without credentials.')];
  }
  if (permitted) return [];
  const mayBePublic = knownAddresses(bareHost(url))?.every(isPublicAddress) ?? true;
  if (url.protocol === 'https:' && mayBePublic) return [];
  const remedy =
    'jwks_uri must use https and a public address, unless the server is started with JWKS_URI_PRIVATE=true.';
  return [issue('Client.jwks_uri', remedy)];
}

function issue(expression: string, diagnostics: string): Issue {
  return { severity: 'error', code: 'business-rule', diagnostics, expression: [expression] };
}
