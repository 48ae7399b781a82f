/**
 * The signing keys as they are stored: the table `signing_key`, a JWK each (https://www.rfc-editor.org/rfc/rfc7517).
 * What a key is follows from its times, so that all processes that read the table agree without messages.
 */
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose';
import type { Engine, Transaction } from '../../resources/engine.ts';
import type { Connection } from '../../resources/storage/connection.ts';
import type { SigningAlg } from '../settings.ts';
import type { Seal } from './sealing.ts';

/** Seconds that others may keep the published keys for. */
export const JWKS_MAX_AGE = 300;
// Whoever verifies tokens has read of a key well before the first token that it signs.
const LEAD_MS = 2 * JWKS_MAX_AGE * 1000;
const DAY_MS = 24 * 3600_000;

/** When a key does what, in milliseconds since the epoch. */
export interface KeyTimes {
  kid: string;
  alg: string;
  publishedAt: number;
  signsFrom: number;
  /** The last token that it signed ends before this. */
  neededUntil: number;
}

/** A key as it is stored: `jwk` is what the seal makes of it. */
export interface StoredKey extends KeyTimes {
  jwk: string;
}

/** A key is published before it signs; once another signs it is retired, and it ends with the last of its tokens. */
export type KeyState = 'published' | 'signing' | 'retired' | 'ended';

/** A new key pair as a private JWK with `kid` and `alg`. RSA takes up to 0.3 s, so start it early. */
export async function generateSigningKey(alg: SigningAlg): Promise<JWK> {
  const { privateKey } = await generateKeyPair(alg, { extractable: true });
  const jwk = await exportJWK(privateKey);
  return { ...jwk, alg, kid: await calculateJwkThumbprint(jwk) };
}

/** The key that signs by an algorithm: of those that may, the one that began last. */
export function signingKey<Key extends KeyTimes>(keys: Iterable<Key>, alg: SigningAlg, now: number): Key | undefined {
  const able = [...keys].filter((key) => key.alg === alg && key.signsFrom <= now);
  return able.sort((a, b) => b.signsFrom - a.signsFrom || (a.kid < b.kid ? -1 : 1))[0];
}

/** What a key is at a moment, where tokens are signed by the algorithm of the settings. */
export function stateOf(key: KeyTimes, keys: Iterable<KeyTimes>, alg: SigningAlg, now: number): KeyState {
  if (key.signsFrom > now) return 'published';
  if (signingKey(keys, alg, now)?.kid === key.kid) return 'signing';
  // A day more, for what others have taken over of a token's time.
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

/** All keys, the oldest first. */
export async function storedKeys(connection: Pick<Connection, 'all'>): Promise<StoredKey[]> {
  const rows = await connection.all<Row>(
    'SELECT kid, alg, jwk, published_at, signs_from, needed_until FROM signing_key ORDER BY published_at, kid',
  );
  return rows.map(({ kid, alg, jwk, published_at, signs_from, needed_until }) => {
    return { kid, alg, jwk, publishedAt: published_at, signsFrom: signs_from, neededUntil: needed_until };
  });
}

/** What keys are made with. */
export interface KeyMaking {
  engine: Engine;
  seal: Seal;
  alg: SigningAlg;
}

/** Makes a key that signs at once where none does by the algorithm. Processes that do so at once agree on one. */
export async function ensureSigningKey({ engine, seal, alg }: KeyMaking, generated: Promise<JWK>): Promise<void> {
  const jwk = await generated;
  await engine.transact(async (transaction) => {
    const keys = await heldKeys(transaction);
    if (!signingKey(keys, alg, transaction.now)) await add(transaction, seal, jwk, transaction.now);
  });
}

/** What a rotation did. */
export interface Rotation {
  /** `pending`: a key is published already and has yet to sign, so that none was made. */
  outcome: 'published' | 'signing' | 'pending';
  kid: string;
  signsFrom: number;
}

/**
 * Makes the key that signs next. It is published first, and the key before it stays for as long as it is needed.
 * At once, for keys that others may have: it signs from now on, and all others end, with every JWT that they signed.
 */
export async function rotateSigningKey({ engine, seal, alg }: KeyMaking, atOnce: boolean): Promise<Rotation> {
  // A key pair costs much: none is made for one that is not wanted.
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

/** The key that is published already and has yet to sign. */
function pendingAmong(keys: readonly KeyTimes[], alg: SigningAlg, now: number): Rotation | undefined {
  const pending = keys.find((key) => key.alg === alg && key.signsFrom > now);
  return pending && { outcome: 'pending', kid: pending.kid, signsFrom: pending.signsFrom };
}

/** Removes the keys that have ended. */
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
 * Keeps a key until a moment at least, and gives that until which it is kept now; undefined where there is no such
 * key any more. It is kept for a day longer, so that this is not written with every token.
 */
export async function keepKey(engine: Engine, kid: string, until: number): Promise<number | undefined> {
  const kept = until + DAY_MS;
  const sql =
    'UPDATE signing_key SET needed_until = CASE WHEN needed_until < ? THEN ? ELSE needed_until END WHERE kid = ?';
  const changed = await engine.transact((transaction) => transaction.run(sql, [kept, kept, kid]));
  return changed === 1 ? kept : undefined;
}

/** Stores every key as it is to be stored now. Throws a SealError where one cannot be opened. */
export async function resealKeys(transaction: Transaction, seal: Seal): Promise<void> {
  for (const { kid, jwk } of await heldKeys(transaction)) {
    const { text, current } = await seal.open(sealedName(kid), jwk);
    if (current) continue;
    const sealed = await seal.close(sealedName(kid), text);
    await transaction.run('UPDATE signing_key SET jwk = ? WHERE kid = ?', [sealed, kid]);
  }
}

/** The private JWK of a stored key. Throws a SealError where it cannot be opened. */
export async function openedKey({ kid, jwk }: StoredKey, seal: Seal): Promise<JWK> {
  return JSON.parse((await seal.open(sealedName(kid), jwk)).text) as JWK;
}

/** All keys, which no other process changes until the job ends. */
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
