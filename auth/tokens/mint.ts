/**
 * Token formats: random strings, or JWT access tokens (https://www.rfc-editor.org/rfc/rfc9068) and refresh tokens. Each
 * carries a secret part, and only the digest of that part is stored.
 */
import { createHmac, hash } from 'node:crypto';
import type { RandomBytes } from '../../resources/clock.ts';
import { type JwsKey, signed, signingInput } from './jws.ts';

export type TokenFormat = 'opaque' | 'jwt';
export type TokenUse = 'access' | 'refresh';

/** The claims of a token. Times are in seconds since the epoch. */
export interface TokenClaims {
  /** The Session's id. */
  session: string;
  client: string;
  user: string | undefined;
  scope: readonly string[];
  audience: readonly string[];
  issuedAt: number;
  expiresAt: number;
}

/** The `typ` header of a JWT access token (RFC 9068 §2.1). */
export const ACCESS_TOKEN_TYPE = 'at+jwt';

/** Returns the secret part of a new token: 32 random bytes, base64url. */
export function randomPart(random: RandomBytes): string {
  return random(32).toString('base64url');
}

/**
 * Derives the secret part of a token's successor from the presented token, so that a retry yields the same successor
 * although only digests are stored. The generation distinguishes the successors of one token.
 */
export function successorPart(key: Buffer, use: TokenUse, presented: string, generation: number): string {
  return createHmac('sha256', key)
    .update(JSON.stringify([use, generation, presented]))
    .digest('base64url');
}

/**
 * Returns the digest under which a token is stored. It differs between JWT and opaque tokens, so that the `tid` claim
 * of a logged JWT is not itself a valid opaque token.
 */
export function tokenHash(format: TokenFormat, part: string): string {
  return digest(format === 'opaque' ? part : `${format}:${part}`);
}

/** Returns the SHA-256 of a text, in base64url. */
export function digest(part: string): string {
  return hash('sha256', part, 'base64url');
}

/**
 * Writes a token around its secret part: a signed JWT that carries it as `tid`, or without a key the part itself. If
 * `known` holds an earlier signature by the same key, it is reused, and the JWT is identical to the earlier one.
 */
export async function writeToken(
  { key, issuer }: { key: JwsKey | undefined; issuer: string },
  use: TokenUse,
  part: string,
  claims: TokenClaims,
  known?: { kid: string; signature: string },
): Promise<string> {
  if (!key) return part;
  const own = use === 'access' ? accessClaims(claims, part) : refreshClaims(claims, part);
  const type = use === 'access' ? ACCESS_TOKEN_TYPE : 'JWT';
  const input = signingInput(key, type, { ...own, iss: issuer, iat: claims.issuedAt });
  return known?.kid === key.kid ? `${input}.${known.signature}` : signed(key, input);
}

/** Returns the signature of a JWT; empty for an opaque token. */
export function signatureOf(token: string): string {
  return token.split('.')[2] ?? '';
}

function accessClaims(claims: TokenClaims, tid: string): Record<string, unknown> {
  const [first] = claims.audience;
  return {
    sub: claims.user ?? claims.client,
    client_id: claims.client,
    aud: claims.audience.length === 1 ? first : claims.audience,
    exp: claims.expiresAt,
    jti: claims.session,
    ...(claims.scope.length === 0 ? {} : { scope: claims.scope.join(' ') }),
    tid,
  };
}

function refreshClaims(claims: TokenClaims, tid: string): Record<string, unknown> {
  return { sub: claims.client, jti: claims.session, typ: 'refresh', tid };
}
