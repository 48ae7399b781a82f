/**
 * What tokens look like: random strings, or JWT access tokens (https://www.rfc-editor.org/rfc/rfc9068) and
 * refresh tokens. Either carries a secret part, and only the digest of that part is stored.
 */
import { createHmac, hash } from 'node:crypto';
import type { RandomBytes } from '../../resources/clock.ts';
import { type JwsKey, signed, signingInput } from './jws.ts';

export type TokenFormat = 'opaque' | 'jwt';
export type TokenUse = 'access' | 'refresh';

/** What a token says of itself. Times are seconds since the epoch. */
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

/** The type that a JWT access token declares in its header (RFC 9068 §2.1). */
export const ACCESS_TOKEN_TYPE = 'at+jwt';

/** The secret part of a new token: 32 random bytes. */
export function randomPart(random: RandomBytes): string {
  return random(32).toString('base64url');
}

/**
 * The secret part of a token's successor. It follows from what was presented, so that a retry gets the very same
 * although only digests are stored; the generation keeps successors of one token apart.
 */
export function successorPart(key: Buffer, use: TokenUse, presented: string, generation: number): string {
  return createHmac('sha256', key)
    .update(JSON.stringify([use, generation, presented]))
    .digest('base64url');
}

/**
 * What is stored of a token: the digest of its secret part. That of a JWT is another than that of the same part as
 * an opaque token, so that a claim read from a log, without its signature, is no token by itself.
 */
export function tokenHash(format: TokenFormat, part: string): string {
  return digest(format === 'opaque' ? part : `${format}:${part}`);
}

/** SHA-256, base64url. */
export function digest(part: string): string {
  return hash('sha256', part, 'base64url');
}

/**
 * Writes a token around its secret part: a signed JWT that carries it as `tid`, or without a key the part itself. With
 * the signature that the same key gave it before, it is the very same text.
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

/** The signature of a JWT; empty for an opaque token. */
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
