import type { Credential } from '../../resources/engine.ts';
import { isObject, type Json, type JsonObject } from '../../resources/json/value.ts';
import { strings } from '../settings.ts';
import { digest, type TokenFormat } from './mint.ts';

/**
 * What a Session keeps of its tokens, as credentials named `access`, `refresh` and `spent`. Times are seconds
 * since the epoch unless a name says otherwise. The generation counts the refreshes of the Session.
 */
export interface AccessRecord {
  generation: number;
  format: TokenFormat;
  issuedAt: number;
  expiresAt: number;
  /** The scopes of this token, at most those of its Session. */
  scope: string[];
  audience: string[];
  /** True until it is first used: of one that came with a new refresh token, whose spent one may be sent again. */
  unused: boolean;
  /** The key that signs the tokens of this generation; absent for opaque ones. */
  kid?: string;
  /** The signatures of the tokens, where a second one would be another: the same token is the same text again. */
  signatures?: Signatures;
}

/** Signatures by the key of the record. Without the secret part of a token, its signature is none. */
export interface Signatures {
  access: string;
  /** Empty where the refresh token was kept. */
  refresh: string;
}

/** A client whose answer was lost may repeat its request for this long. */
export const RETRY_MS = 10_000;

export interface RefreshRecord {
  generation: number;
  expiresAt: number;
}

/** A refresh token that was exchanged for another. */
export interface SpentRecord {
  /** The generation it was spent for. */
  generation: number;
  spentAtMs: number;
}

/**
 * The digest that a spent token is kept under. It differs from the digest of the live token, so that replacing
 * the live one succeeds once and can never hit the record of its own spending.
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

/** A record as it is stored. */
export function detailOf(record: AccessRecord | RefreshRecord | SpentRecord): JsonObject {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, value as Json]));
}

/** What is missing counts as zero, long ago: a record that cannot be read is one that has ended. */
export function numberIn(detail: JsonObject | null, name: string): number {
  const value = detail?.[name];
  return typeof value === 'number' ? value : 0;
}
