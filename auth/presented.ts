/** Reads a presented token: an opaque string, or a JWT by https://www.rfc-editor.org/rfc/rfc8725. */
import { createHash } from 'node:crypto';
import { errors, type JWTVerifyGetKey, jwtVerify } from 'jose';
import type { Clock } from '../resources/clock.ts';
import type { JsonObject } from '../resources/json/value.ts';
import type { Keys } from './keys.ts';
import { ACCESS_TOKEN_TYPE, type TokenFormat, type TokenUse, tokenHash } from './mint.ts';

/** A token that may be one of ours: whether it is current, its Session says. */
export interface Presented {
  /** The token as it was sent. */
  token: string;
  format: TokenFormat;
  /** The secret part. */
  part: string;
  /** The digest of the secret part, under which it is stored. */
  hash: string;
  /** The verified claims of a JWT. */
  claims: JsonObject | undefined;
}

export interface PresentedTokens {
  /** Reads a token for one use; undefined where it cannot be such a token of ours. */
  read(token: string, use: TokenUse): Promise<Presented | undefined>;
}

const OPAQUE = /^[A-Za-z0-9_-]{43}$/;
const LONGEST = 8_192;
const MOST_VERIFIED = 5_000;
// A key or a key's address that comes with the token would let its sender choose what it is verified with.
const FOREIGN_KEYS = ['jwk', 'jku', 'x5u', 'x5c', 'crit'] as const;

/** Reads tokens issued by this server, remembering the JWTs whose signature it has verified. */
export function createPresentedTokens(options: { keys: Keys; issuer: string; clock: Clock }): PresentedTokens {
  const verified = new Map<string, JsonObject>();

  async function claimsOf(token: string, use: TokenUse): Promise<JsonObject | undefined> {
    // The memory is keyed by the whole token: by anything less, one token could pass as another.
    const memory = createHash('sha256').update(use).update(token).digest('base64');
    const known = verified.get(memory);
    if (known) return known;
    const claims = await verifyJwt(options, token, use);
    if (!claims) return undefined;
    for (const oldest of verified.keys()) {
      if (verified.size < MOST_VERIFIED) break;
      verified.delete(oldest);
    }
    verified.set(memory, claims);
    return claims;
  }

  return {
    async read(token, use) {
      if (token.length > LONGEST) return undefined;
      if (OPAQUE.test(token)) return presented(token, 'opaque', token, undefined);
      if (!token.includes('.')) return undefined;
      const claims = await claimsOf(token, use);
      const { tid, exp } = claims ?? {};
      if (typeof tid !== 'string') return undefined;
      if (typeof exp === 'number' && exp * 1000 <= options.clock()) return undefined;
      return presented(token, 'jwt', tid, claims);
    },
  };
}

function presented(token: string, format: TokenFormat, part: string, claims: JsonObject | undefined): Presented {
  return { token, format, part, hash: tokenHash(format, part), claims };
}

async function verifyJwt(
  { keys, issuer, clock }: { keys: Keys; issuer: string; clock: Clock },
  token: string,
  use: TokenUse,
): Promise<JsonObject | undefined> {
  const keyOf: JWTVerifyGetKey = async (header) => {
    if (FOREIGN_KEYS.some((name) => header[name] !== undefined)) throw new errors.JWTInvalid('A key of its own');
    const key = typeof header.kid === 'string' ? await keys.find(header.kid) : undefined;
    // The algorithm belongs to the key and is never the token's choice (RFC 8725 §3.1).
    if (!key || key.alg !== header.alg) throw new errors.JWTInvalid('Not one of our keys');
    return key.publicKey;
  };
  try {
    const { payload } = await jwtVerify<JsonObject>(token, keyOf, {
      issuer,
      typ: use === 'access' ? ACCESS_TOKEN_TYPE : 'JWT',
      currentDate: new Date(clock()),
      requiredClaims:
        use === 'access' ? ['sub', 'client_id', 'aud', 'exp', 'iat', 'jti', 'tid'] : ['sub', 'jti', 'tid'],
    });
    return (payload['typ'] === 'refresh') === (use === 'refresh') ? payload : undefined;
  } catch (error) {
    if (error instanceof errors.JOSEError) return undefined;
    throw error;
  }
}
