/** Assertions by which clients authenticate (https://www.rfc-editor.org/rfc/rfc7523#section-3). */
import { type CryptoKey, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import type { Clock } from '../../resources/clock.ts';
import type { Engine } from '../../resources/engine.ts';
import { OAuthError, REFUSED } from '../errors.ts';
import { isUsable, type Stored } from '../stored.ts';
import { digest } from '../tokens/mint.ts';
import { MOST_KEYS } from './client-key-issues.ts';
import type { ClientKeys } from './client-keys.ts';

/** The algorithms that clients may sign with. */
export const ASSERTION_ALGS = ['RS256', 'RS384', 'ES256', 'ES384'] as const;

export interface Assertions {
  /** True where an assertion is the Client's, is meant for this server and was not used before. */
  prove(assertion: string, client: Stored): Promise<boolean>;
}

export interface AssertionsOptions {
  engine: Engine;
  keys: ClientKeys;
  /** The token endpoint and the issuer: some clients name the one, some the other. */
  audiences: readonly string[];
  clock: Clock;
}

/** Seconds that an assertion may be good for. */
const LONGEST = 300;
/** Seconds by which a client's clock may be ahead of ours. */
const SKEW = 10;
const TYPES: readonly unknown[] = [undefined, 'JWT', 'CLIENT-AUTHENTICATION+JWT'];
// A key or a certificate that comes with the assertion would let its sender choose what it is verified with.
const FOREIGN = ['jwk', 'x5u', 'x5c', 'crit'] as const;

/** Checks assertions, and remembers in the database those that were used. */
export function createAssertions({ engine, keys, audiences, clock }: AssertionsOptions): Assertions {
  async function verified(assertion: string, client: Stored): Promise<Claims | undefined> {
    const now = clock();
    const options = { algorithms: [...ASSERTION_ALGS], currentDate: new Date(now), clockTolerance: SKEW };
    const keyOf: JWTVerifyGetKey = async (header, token) => {
      if (FOREIGN.some((name) => header[name] !== undefined)) throw new errors.JWTInvalid('A key of its own');
      // A type is the same with its «application/» and without (RFC 7515 §4.1.9).
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
        // Not the client's mistake, and so not held against it; nor is anyone told which client has such an address.
        if (error instanceof errors.JWKSTimeout) throw new OAuthError('invalid_client', REFUSED, { cause: error });
        if (isUnusable(error)) return false;
        throw error;
      }
    },
  };
}

/** Verifies by one key after another: an assertion need not name its own (RFC 7515 §4.1.4). Throws as `verify`. */
async function withEachOf<Verified>(
  candidates: AsyncIterable<CryptoKey>,
  verify: (key: CryptoKey) => Promise<Verified>,
): Promise<Verified> {
  let tried = 0;
  for await (const key of candidates) {
    try {
      return await verify(key);
    } catch (error) {
      // What is signed by this key and says something wrong is not another's.
      if (!(error instanceof errors.JWSSignatureVerificationFailed || error instanceof TypeError)) throw error;
    }
    tried += 1;
    // A set that is fetched may have any number.
    if (tried === MOST_KEYS) break;
  }
  throw new errors.JWSSignatureVerificationFailed();
}

/**
 * True for what the library throws of an assertion or a key that is no good: a TypeError where the algorithm cannot be
 * used with the key, a DOMException where the key cannot be imported, as a published one may not (Web Crypto §14.3.9).
 */
function isUnusable(error: unknown): boolean {
  return error instanceof errors.JOSEError || error instanceof TypeError || error instanceof DOMException;
}

interface Claims {
  jti: string;
  /** Seconds since the epoch. */
  exp: number;
}

/** What has to be remembered of an assertion; undefined where one of its claims does not hold. */
function usableClaims(payload: JWTPayload, id: string, audiences: readonly string[], now: number): Claims | undefined {
  const { iss, sub, aud, exp, iat, jti } = payload;
  if (iss !== id || sub !== id) return undefined;
  // One string: a list would let one assertion be good at several servers, each able to use it at the others.
  if (typeof aud !== 'string' || !audiences.includes(aud)) return undefined;
  if (exp === undefined || exp <= now || exp > now + LONGEST + SKEW) return undefined;
  if (iat !== undefined && iat > now + SKEW) return undefined;
  return typeof jti === 'string' && jti !== '' ? { jti, exp } : undefined;
}

/** Marks an assertion as used, on every node and beyond a restart; false where it already was. */
function use(engine: Engine, client: string, { jti, exp }: Claims): Promise<boolean> {
  return engine.transact(async (transaction) => {
    const now = Math.floor(transaction.now / 1000);
    await transaction.run('DELETE FROM used_assertion WHERE expires_at < ?', [now - SKEW]);
    const sql = 'INSERT INTO used_assertion (client, jti, expires_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING';
    // A digest, since a `jti` may be any text of any length.
    return (await transaction.run(sql, [client, digest(jti), Math.ceil(exp)])) === 1;
  });
}
