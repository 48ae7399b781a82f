import type { Credential } from '../../resources/engine.ts';
import { isObject, type Json, type JsonObject } from '../../resources/json/value.ts';
import { strings } from '../settings.ts';
import { digest, type TokenFormat } from './mint.ts';

/**
 * What a Session stores of its access token. Its credentials are named `access`, `refresh` and `spent`. Times are in
 * seconds since the epoch unless a name says otherwise. The generation counts the refreshes of the Session.
 */
export interface AccessRecord {
  generation: number;
  format: TokenFormat;
  issuedAt: number;
  expiresAt: number;
  /** The scopes of this token, at most those of its Session. */
  scope: string[];
  audience: string[];
  /** True until the first use, for a token issued with a new refresh token: until then the refresh may be repeated. */
  unused: boolean;
  /** The `kid` of the key that signs the tokens of this generation; absent for opaque tokens. */
  kid?: string;
  /** The signatures of the tokens, if signing again would give others: a retry must return identical tokens. */
  signatures?: Signatures;
}

/** Signatures by the key of the record. They are useless without the secret parts of the tokens. */
export interface Signatures {
  access: string;
  /** Empty if the refresh token was kept. */
  refresh: string;
}

/** Milliseconds for which a client whose response was lost may repeat its refresh. */
export const RETRY_MS = 10_000;

export interface RefreshRecord {
  generation: number;
  expiresAt: number;
}

/** A refresh token that was exchanged for a new one. */
export interface SpentRecord {
  /** The generation that it was exchanged for. */
  generation: number;
  spentAtMs: number;
}

/**
 * Returns the digest under which a spent token is stored. It differs from the digest of the live token, so that
 * replacing the live one succeeds only once and never matches the spent record.
 */
export function spentHash(hash: string): string {
  return digest(`spent:${hash}`);
}

export function accessRecord({ detail }: Credential): AccessRecord {
  const { signatures, kid } = detail ?? {};
  return {
    generation: numberIn(detail, 'generation'),
    format: detail?.['format'] === 'jwt' ? 'jwt' : 'opaque',
    issuedAt: numberIn(detail, 'issuedAt'),
    expiresAt: numberIn(detail, 'expiresAt'),
    scope: strings(detail?.['scope']),
    audience: strings(detail?.['audience']),
    unused: detail?.['unused'] === true,
    ...(typeof kid === 'string' ? { kid } : {}),
    ...(isObject(signatures) ? { signatures: signaturesIn(signatures) } : {}),
  };
}

function signaturesIn({ access, refresh }: JsonObject): Signatures {
  return { access: String(access), refresh: String(refresh) };
}

export function refreshRecord({ detail }: Credential): RefreshRecord {
  return { generation: numberIn(detail, 'generation'), expiresAt: numberIn(detail, 'expiresAt') };
}

export function spentRecord({ detail }: Credential): SpentRecord {
  return { generation: numberIn(detail, 'generation'), spentAtMs: numberIn(detail, 'spentAtMs') };
}

/** Returns a record as it is stored. */
export function detailOf(record: AccessRecord | RefreshRecord | SpentRecord): JsonObject {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, value as Json]));
}

/** Returns a number, or 0 if it is missing: an unreadable record counts as expired. */
export function numberIn(detail: JsonObject | null, name: string): number {
  const value = detail?.[name];
  return typeof value === 'number' ? value : 0;
}
