/** Reads a presented token: an opaque string, or a JWT (https://www.rfc-editor.org/rfc/rfc8725). */
import { hash } from 'node:crypto';
import { errors, type JWTVerifyGetKey, jwtVerify } from 'jose';
import type { Clock } from '../../resources/clock.ts';
import type { JsonObject } from '../../resources/json/value.ts';
import { remember } from '../../resources/remember.ts';
import type { Keys } from '../keys/keys.ts';
import { ACCESS_TOKEN_TYPE, type TokenFormat, type TokenUse, tokenHash } from './mint.ts';

/** A token that this server may have issued. Whether it is still valid is decided by its Session. */
export interface Presented {
  /** The token as it was sent. */
  token: string;
  format: TokenFormat;
  /** The secret part. */
  part: string;
  /** The digest under which it is stored. */
  hash: string;
  /** The verified claims of a JWT. */
  claims: JsonObject | undefined;
  /** The `kid` of the key that signed a JWT. */
  kid: string | undefined;
}

/** A JWT with a verified signature, without its text. */
type Verified = Omit<Presented, 'token' | 'claims' | 'kid'> & { claims: JsonObject; kid: string };

export interface PresentedTokens {
  /** Reads a token for one use. Returns undefined if this server cannot have issued it for that use. */
  read(token: string, use: TokenUse): Promise<Presented | undefined>;
}

const OPAQUE = /^[A-Za-z0-9_-]{43}$/;
const LONGEST = 8_192;
const MOST_VERIFIED = 5_000;
// A key or key address in the token's header would let its sender choose the verification key.
const FOREIGN_KEYS = ['jwk', 'jku', 'x5u', 'x5c', 'crit'] as const;

/** Creates the reader of tokens issued by this server. Caches the JWTs whose signature was verified. */
export function createPresentedTokens(options: {
  keys: Pick<Keys, 'find'>;
  issuer: string;
  clock: Clock;
}): PresentedTokens {
  const verified = new Map<string, Verified>();

  async function verifiedOf(token: string, use: TokenUse): Promise<Verified | undefined> {
    // Keyed by the whole token: with any shorter key, one token could pass as another.
    const memory = hash('sha256', `${use} ${token}`, 'base64');
    const known = verified.get(memory);
    // A key that was removed verifies nothing, not even the JWTs it has verified before.
    if (known && (await options.keys.find(known.kid))) return known;
    const made = await verifyJwt(options, token, use);
    if (!made) return undefined;
    remember(verified, memory, made, MOST_VERIFIED);
    return made;
  }

  return {
    async read(token, use) {
      if (token.length > LONGEST) return undefined;
      if (OPAQUE.test(token)) {
        const hash = tokenHash('opaque', token);
        return { token, format: 'opaque', part: token, hash, claims: undefined, kid: undefined };
      }
      const known = token.includes('.') ? await verifiedOf(token, use) : undefined;
      if (!known) return undefined;
      const { format, part, hash, claims, kid } = known;
      if (typeof claims['exp'] === 'number' && claims['exp'] * 1000 <= options.clock()) return undefined;
      return { token, format, part, hash, claims, kid };
    },
  };
}

async function verifyJwt(
  { keys, issuer, clock }: { keys: Pick<Keys, 'find'>; issuer: string; clock: Clock },
  token: string,
  use: TokenUse,
): Promise<Verified | undefined> {
  const keyOf: JWTVerifyGetKey = async (header) => {
    if (FOREIGN_KEYS.some((name) => header[name] !== undefined)) throw new errors.JWTInvalid('A key of its own');
    const key = typeof header.kid === 'string' ? await keys.find(header.kid) : undefined;
    // The algorithm is that of the key, never the token's choice (RFC 8725 §3.1).
    if (!key || key.alg !== header.alg) throw new errors.JWTInvalid('Not one of our keys');
    return key.publicKey;
  };
  try {
    const { payload, protectedHeader } = await jwtVerify<JsonObject>(token, keyOf, {
      issuer,
      typ: use === 'access' ? ACCESS_TOKEN_TYPE : 'JWT',
      currentDate: new Date(clock()),
      requiredClaims:
        use === 'access' ? ['sub', 'client_id', 'aud', 'exp', 'iat', 'jti', 'tid'] : ['sub', 'jti', 'tid'],
    });
    if ((payload['typ'] === 'refresh') !== (use === 'refresh')) return undefined;
    const { tid: part } = payload;
    if (typeof part !== 'string') return undefined;
    const { kid = '' } = protectedHeader;
    return { format: 'jwt', part, hash: tokenHash('jwt', part), claims: payload, kid };
  } catch (error) {
    if (error instanceof errors.JOSEError) return undefined;
    throw error;
  }
}
