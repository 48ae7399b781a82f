/** Authorization codes: single use, valid for one minute, stored as hashes (RFC 6749 §4.1.2, RFC 9700 §4.5). */
import type { Credential, Credentials, Transaction } from '../../resources/engine.ts';
import type { JsonObject } from '../../resources/json/value.ts';
import type { Asker } from '../sessions/ending.ts';
import { endSession } from '../sessions/sessions.ts';
import { strings } from '../settings.ts';
import { digest } from '../tokens/mint.ts';
import { numberIn } from '../tokens/token-records.ts';

/** What a person has agreed to, stored until the client exchanges the code. */
export interface Agreement {
  /** The Client's id. */
  client: string;
  redirectUri: string;
  redirectUriSent: boolean;
  challenge: string;
  scope: string[];
  audience: string[];
  nonce: string | undefined;
  /** When the person signed in, in milliseconds since the epoch. */
  authTime: number;
  /** The id of the selected Patient. */
  patient: string | undefined;
}

/** A code that has not been used. */
export interface LiveCode {
  userId: string;
  /** Milliseconds since the epoch. */
  expiresAt: number;
  agreement: Agreement;
}

/** The name of a live code among the credentials of its User, and of a spent one among those of its Session. */
export const CODE = 'code';
/** The lifetime of a code in milliseconds. */
const LIFETIME = 60_000;

/** Stores a code with the User who agreed. Removes expired codes that were never used. */
export async function storeCode(
  { credentials, now }: Transaction,
  user: { key: number },
  code: string,
  agreement: Agreement,
): Promise<void> {
  for (const { hash, detail } of await credentials.of(user.key, CODE)) {
    if (numberIn(detail, 'expiresAt') <= now) await credentials.take(hash);
  }
  const { nonce, patient, ...always } = agreement;
  const detail: JsonObject = {
    ...always,
    ...(nonce === undefined ? {} : { nonce }),
    ...(patient === undefined ? {} : { patient }),
    expiresAt: now + LIFETIME,
  };
  await credentials.insert({ key: user.key, name: CODE, hash: codeHash(code), detail });
}

/** Returns a code that was not used, expired or not; undefined if there is none. */
export async function findCode(credentials: Credentials, code: string): Promise<LiveCode | undefined> {
  const held = await credentials.find(codeHash(code));
  return held?.name === CODE ? liveCode(held) : undefined;
}

/** Records a code as spent for the Session with this key. */
export async function spendCode({ credentials }: Transaction, code: string, sessionKey: number): Promise<void> {
  await credentials.insert({ key: sessionKey, name: CODE, hash: spentCodeHash(code), detail: null });
}

/** Removes a live code. Returns true for the only call that succeeds. */
export async function takeCode({ credentials }: Transaction, code: string): Promise<boolean> {
  return (await credentials.take(codeHash(code))) !== undefined;
}

/** Ends the Session that a code was exchanged for: a code that is sent again was intercepted (RFC 6749 §4.1.2). */
export async function endReplayed(transaction: Transaction, code: string, asker: Asker): Promise<void> {
  const spent = await transaction.credentials.find(spentCodeHash(code));
  if (spent?.type === 'Session') await endSession(transaction, spent.id, { ending: 'reused-code', ...asker });
}

function codeHash(code: string): string {
  return digest(`code:${code}`);
}

function spentCodeHash(code: string): string {
  return digest(`spent-code:${code}`);
}

function liveCode({ id, detail }: Credential): LiveCode {
  const { client, redirectUri, redirectUriSent, challenge, scope, audience, nonce, patient } = detail ?? {};
  return {
    userId: id,
    expiresAt: numberIn(detail, 'expiresAt'),
    agreement: {
      client: String(client),
      redirectUri: String(redirectUri),
      redirectUriSent: redirectUriSent !== false,
      challenge: String(challenge),
      scope: strings(scope),
      audience: strings(audience),
      nonce: typeof nonce === 'string' ? nonce : undefined,
      authTime: numberIn(detail, 'authTime'),
      patient: typeof patient === 'string' ? patient : undefined,
    },
  };
}
