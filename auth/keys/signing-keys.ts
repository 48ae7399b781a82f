/**
 * The stored signing keys: the table `signing_key`, one JWK each (https://www.rfc-editor.org/rfc/rfc7517). The state of
 * a key follows from its times, so that all processes that read the table agree without messages.
 */
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose';
import type { Engine, Transaction } from '../../resources/engine.ts';
import type { Connection } from '../../resources/storage/connection.ts';
import type { SigningAlg } from '../settings.ts';
import type { Seal } from './sealing.ts';

/** Seconds for which others may cache the published keys. */
export const JWKS_MAX_AGE = 300;
// Verifiers have fetched a new key well before the first token it signs.
const LEAD_MS = 2 * JWKS_MAX_AGE * 1000;
const DAY_MS = 24 * 3600_000;

/** The times of a key, in milliseconds since the epoch. */
export interface KeyTimes {
  kid: string;
  alg: string;
  publishedAt: number;
  signsFrom: number;
  /** The last token it signed expires before this. */
  neededUntil: number;
}

/** A key as stored: `jwk` is sealed. */
export interface StoredKey extends KeyTimes {
  jwk: string;
}

/** A key is published before it signs, retired when another key signs, and ended once its last token has expired. */
export type KeyState = 'published' | 'signing' | 'retired' | 'ended';

/** Generates a key pair as a private JWK with `kid` and `alg`. RSA takes up to 0.3 s, so start it early. */
export async function generateSigningKey(alg: SigningAlg): Promise<JWK> {
  const { privateKey } = await generateKeyPair(alg, { extractable: true });
  const jwk = await exportJWK(privateKey);
  return { ...jwk, alg, kid: await calculateJwkThumbprint(jwk) };
}

/** Returns the current signing key of an algorithm: of those that may sign, the one that began last. */
export function signingKey<Key extends KeyTimes>(keys: Iterable<Key>, alg: SigningAlg, now: number): Key | undefined {
  const able = [...keys].filter((key) => key.alg === alg && key.signsFrom <= now);
  return able.sort((a, b) => b.signsFrom - a.signsFrom || (a.kid < b.kid ? -1 : 1))[0];
}

/** Returns the state of a key at a moment. `alg` is the signing algorithm of the settings. */
export function stateOf(key: KeyTimes, keys: Iterable<KeyTimes>, alg: SigningAlg, now: number): KeyState {
  if (key.signsFrom > now) return 'published';
  if (signingKey(keys, alg, now)?.kid === key.kid) return 'signing';
  // A margin of one day, for other verifiers that may still accept its tokens.
  return Math.max(key.neededUntil, key.signsFrom) + DAY_MS <= now ? 'ended' : 'retired';
}

interface Row {
  kid: string;
  alg: string;
  jwk: string;
  published_at: number;
  signs_from: number;
  needed_until: number;
}

/** Returns all keys, the oldest first. */
export async function storedKeys(connection: Pick<Connection, 'all'>): Promise<StoredKey[]> {
  const rows = await connection.all<Row>(
    'SELECT kid, alg, jwk, published_at, signs_from, needed_until FROM signing_key ORDER BY published_at, kid',
  );
  return rows.map(({ kid, alg, jwk, published_at, signs_from, needed_until }) => {
    return { kid, alg, jwk, publishedAt: published_at, signsFrom: signs_from, neededUntil: needed_until };
  });
}

/** What keys are created with. */
export interface KeyMaking {
  engine: Engine;
  seal: Seal;
  alg: SigningAlg;
}

/** Creates a key that signs immediately, unless the algorithm has one. Concurrent processes agree on one. */
export async function ensureSigningKey({ engine, seal, alg }: KeyMaking, generated: Promise<JWK>): Promise<void> {
  const jwk = await generated;
  await engine.transact(async (transaction) => {
    const keys = await heldKeys(transaction);
    if (!signingKey(keys, alg, transaction.now)) await add(transaction, seal, jwk, transaction.now);
  });
}

/** The result of a rotation. */
export interface Rotation {
  /** `pending`: a published key has not begun to sign yet, so none was created. */
  outcome: 'published' | 'signing' | 'pending';
  kid: string;
  signsFrom: number;
}

/**
 * Creates the next signing key. It is published before it signs, and its predecessor stays as long as needed. With
 * `atOnce`, for keys that may have leaked, it signs immediately; all other keys are deleted, and every JWT that they
 * signed is invalid.
 */
export async function rotateSigningKey({ engine, seal, alg }: KeyMaking, atOnce: boolean): Promise<Rotation> {
  // Generating a key pair is expensive, so whether one is needed is checked first.
  const pendingIn = async (transaction: Transaction) =>
    atOnce ? undefined : pendingAmong(await heldKeys(transaction), alg, transaction.now);
  const known = await engine.transact(pendingIn);
  if (known) return known;
  const jwk = await generateSigningKey(alg);
  return engine.transact(async (transaction): Promise<Rotation> => {
    const { now } = transaction;
    const pending = await pendingIn(transaction);
    if (pending) return pending;
    const keys = await heldKeys(transaction);
    if (atOnce) await transaction.run('DELETE FROM signing_key');
    const signsFrom = atOnce || keys.length === 0 ? now : now + LEAD_MS;
    const kid = await add(transaction, seal, jwk, signsFrom);
    return { outcome: signsFrom > now ? 'published' : 'signing', kid, signsFrom };
  });
}

/** Returns the published key that has not begun to sign yet. */
function pendingAmong(keys: readonly KeyTimes[], alg: SigningAlg, now: number): Rotation | undefined {
  const pending = keys.find((key) => key.alg === alg && key.signsFrom > now);
  return pending && { outcome: 'pending', kid: pending.kid, signsFrom: pending.signsFrom };
}

/** Deletes the keys that have ended. */
export async function removeEndedKeys(engine: Engine, alg: SigningAlg): Promise<void> {
  await engine.transact(async (transaction) => {
    const keys = await heldKeys(transaction);
    for (const key of keys) {
      if (stateOf(key, keys, alg, transaction.now) !== 'ended') continue;
      await transaction.run('DELETE FROM signing_key WHERE kid = ?', [key.kid]);
    }
  });
}

/**
 * Keeps a key at least until a moment. Returns until when it is kept; undefined if it no longer exists. It is kept for
 * an extra day, so that not every token causes a write.
 */
export async function keepKey(engine: Engine, kid: string, until: number): Promise<number | undefined> {
  const kept = until + DAY_MS;
  const sql =
    'UPDATE signing_key SET needed_until = CASE WHEN needed_until < ? THEN ? ELSE needed_until END WHERE kid = ?';
  const changed = await engine.transact((transaction) => transaction.run(sql, [kept, kept, kid]));
  return changed === 1 ? kept : undefined;
}

/**
 * Encrypts every key again that is not stored with the current settings. Throws a SealError if one cannot be decrypted.
 */
export async function resealKeys(transaction: Transaction, seal: Seal): Promise<void> {
  for (const { kid, jwk } of await heldKeys(transaction)) {
    const { text, current } = await seal.open(sealedName(kid), jwk);
    if (current) continue;
    const sealed = await seal.close(sealedName(kid), text);
    await transaction.run('UPDATE signing_key SET jwk = ? WHERE kid = ?', [sealed, kid]);
  }
}

/** Returns the private JWK of a stored key. Throws a SealError if it cannot be decrypted. */
export async function openedKey({ kid, jwk }: StoredKey, seal: Seal): Promise<JWK> {
  return JSON.parse((await seal.open(sealedName(kid), jwk)).text) as JWK;
}

/** Returns all keys, locked against other processes until the job ends. */
async function heldKeys(transaction: Transaction): Promise<StoredKey[]> {
  await transaction.hold('signing_key');
  return storedKeys(transaction);
}

async function add(transaction: Transaction, seal: Seal, jwk: JWK, signsFrom: number): Promise<string> {
  const kid = jwk.kid ?? (await calculateJwkThumbprint(jwk));
  const sealed = await seal.close(sealedName(kid), JSON.stringify(jwk));
  await transaction.run(
    'INSERT INTO signing_key (kid, alg, jwk, published_at, signs_from, needed_until) VALUES (?, ?, ?, ?, ?, ?)',
    [kid, jwk.alg ?? '', sealed, transaction.now, signsFrom, signsFrom],
  );
  return kid;
}

function sealedName(kid: string): string {
  return `signing_key:${kid}`;
}
