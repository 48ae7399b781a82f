import type { Credential } from '../resources/engine.ts';
import type { Json, JsonObject } from '../resources/json/value.ts';
import { digest, type TokenFormat } from './mint.ts';
import { strings } from './settings.ts';

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
}

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
  return {
    generation: numberIn(detail, 'generation'),
    format: detail?.['format'] === 'jwt' ? 'jwt' : 'opaque',
    issuedAt: numberIn(detail, 'issuedAt'),
    expiresAt: numberIn(detail, 'expiresAt'),
    scope: strings(detail?.['scope']),
    audience: strings(detail?.['audience']),
  };
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
function numberIn(detail: JsonObject | null, name: string): number {
  const value = detail?.[name];
  return typeof value === 'number' ? value : 0;
}
