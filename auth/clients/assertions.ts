/** Client assertions (https://www.rfc-editor.org/rfc/rfc7523#section-3). */
import { type CryptoKey, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import type { Clock } from '../../resources/clock.ts';
import type { Engine } from '../../resources/engine.ts';
import { OAuthError, REFUSED } from '../errors.ts';
import { isUsable, type Stored } from '../stored.ts';
import { digest } from '../tokens/mint.ts';
import { MOST_KEYS } from './client-key-issues.ts';
import type { ClientKeys } from './client-keys.ts';

/** The signing algorithms that clients may use. */
export const ASSERTION_ALGS = ['RS256', 'RS384', 'ES256', 'ES384'] as const;

export interface Assertions {
  /** Returns true if an assertion is by the Client, meant for this server and not used before. */
  prove(assertion: string, client: Stored): Promise<boolean>;
}

export interface AssertionsOptions {
  engine: Engine;
  keys: ClientKeys;
  /** The token endpoint and the issuer; clients may name either. */
  audiences: readonly string[];
  clock: Clock;
}

/** The longest lifetime of an assertion, in seconds. */
const LONGEST = 300;
/** Seconds by which a client's clock may be ahead. */
const SKEW = 10;
const TYPES: readonly unknown[] = [undefined, 'JWT', 'CLIENT-AUTHENTICATION+JWT'];
// A key or certificate in the assertion would let its sender choose the verification key.
const FOREIGN = ['jwk', 'x5u', 'x5c', 'crit'] as const;

/** Creates the check of assertions. Used ones are recorded in the database. */
export function createAssertions({ engine, keys, audiences, clock }: AssertionsOptions): Assertions {
  async function verified(assertion: string, client: Stored): Promise<Claims | undefined> {
    const now = clock();
    const options = { algorithms: [...ASSERTION_ALGS], currentDate: new Date(now), clockTolerance: SKEW };
    const keyOf: JWTVerifyGetKey = async (header, token) => {
      if (FOREIGN.some((name) => header[name] !== undefined)) throw new errors.JWTInvalid('A key of its own');
      // `typ` may omit its «application/» prefix (RFC 7515 §4.1.9).
      const type = header.typ?.toUpperCase().replace(/^APPLICATION\//, '');
      if (!TYPES.includes(type)) throw new errors.JWTInvalid('Another kind of token');
      return keys.find(client.resource, header, token);
    };
    const { payload } = await jwtVerify(assertion, keyOf, options).catch((error: unknown) => {
      if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
      return withEachOf(error, (key) => jwtVerify(assertion, key, options));
    });
    return usableClaims(payload, client.id, audiences, now / 1000);
  }

  return {
    async prove(assertion, client) {
      if (!isUsable(client.resource)) return false;
      try {
        const claims = await verified(assertion, client);
        return claims !== undefined && (await use(engine, client.id, claims));
      } catch (error) {
        // Not the client's mistake, so not counted against it. The text does not reveal which client has such an
        // address.
        if (error instanceof errors.JWKSTimeout) throw new OAuthError('invalid_client', REFUSED, { cause: error });
        if (isUnusable(error)) return false;
        throw error;
      }
    },
  };
}

/** Tries one key after another, because an assertion need not name its key (RFC 7515 §4.1.4). Throws like `verify`. */
async function withEachOf<Verified>(
  candidates: AsyncIterable<CryptoKey>,
  verify: (key: CryptoKey) => Promise<Verified>,
): Promise<Verified> {
  let tried = 0;
  for await (const key of candidates) {
    try {
      return await verify(key);
    } catch (error) {
      // Any other error means that this key signed it and its content is invalid.
      if (!(error instanceof errors.JWSSignatureVerificationFailed || error instanceof TypeError)) throw error;
    }
    tried += 1;
    // A fetched set may contain any number of keys.
    if (tried === MOST_KEYS) break;
  }
  throw new errors.JWSSignatureVerificationFailed();
}

/**
 * Returns true for an error of the library that means a bad assertion or key. It throws a TypeError if the algorithm
 * does not fit the key, and a DOMException if the key cannot be imported, as a published key may not (Web Crypto
 * §14.3.9).
 */
function isUnusable(error: unknown): boolean {
  return error instanceof errors.JOSEError || error instanceof TypeError || error instanceof DOMException;
}

interface Claims {
  jti: string;
  /** Seconds since the epoch. */
  exp: number;
}

/** Returns the claims to remember; undefined if a claim is invalid. */
function usableClaims(payload: JWTPayload, id: string, audiences: readonly string[], now: number): Claims | undefined {
  const { iss, sub, aud, exp, iat, jti } = payload;
  if (iss !== id || sub !== id) return undefined;
  // One string only: with a list, one assertion would be valid at several servers, each able to use it at the others.
  if (typeof aud !== 'string' || !audiences.includes(aud)) return undefined;
  if (exp === undefined || exp <= now || exp > now + LONGEST + SKEW) return undefined;
  if (iat !== undefined && iat > now + SKEW) return undefined;
  return typeof jti === 'string' && jti !== '' ? { jti, exp } : undefined;
}

/** Records an assertion as used, for all nodes and across restarts. Returns false if it already was. */
function use(engine: Engine, client: string, { jti, exp }: Claims): Promise<boolean> {
  return engine.transact(async (transaction) => {
    const now = Math.floor(transaction.now / 1000);
    await transaction.run('DELETE FROM used_assertion WHERE expires_at < ?', [now - SKEW]);
    const sql = 'INSERT INTO used_assertion (client, jti, expires_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING';
    // A digest, because a `jti` may be any text of any length.
    return (await transaction.run(sql, [client, digest(jti), Math.ceil(exp)])) === 1;
  });
}
