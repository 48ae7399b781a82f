/**
 * The keys of a running server: signing keys (https://www.rfc-editor.org/rfc/rfc7517) and the key that derives the
 * successors of refresh tokens.
 */
import { createPrivateKey, type JsonWebKey } from 'node:crypto';
import { type CryptoKey, importJWK, type JWK } from 'jose';
import { type Clock, isWithin, type RandomBytes } from '../../resources/clock.ts';
import type { Engine } from '../../resources/engine.ts';
import { Failure } from '../../resources/errors.ts';
import type { SigningAlg } from '../settings.ts';
import type { JwsKey } from '../tokens/jws.ts';
import { type Seal, SealError } from './sealing.ts';
import { serverSecret } from './server-keys.ts';
import {
  ensureSigningKey,
  generateSigningKey,
  type KeyTimes,
  keepKey,
  openedKey,
  type Rotation,
  removeEndedKeys,
  rotateSigningKey,
  type StoredKey,
  signingKey,
  stateOf,
  storedKeys,
} from './signing-keys.ts';

export interface SigningKey extends KeyTimes, JwsKey {
  /** The public key as published. */
  publicJwk: JWK;
  publicKey: CryptoKey;
}

export interface Keys {
  /**
   * Returns the current signing key, and keeps it for `lifetime` seconds, as long as what it signs may live. Must not
   * be called within a job of the write queue, because it may need one itself. Rejects with `busy` if this process
   * cannot decrypt the key.
   */
  signing(lifetime: number): Promise<SigningKey>;
  /**
   * Keeps a key for `lifetime` more seconds, because what it signed was extended. Must not be called within a job
   * either.
   */
  keep(kid: string, lifetime: number): Promise<void>;
  /** Returns the key with this `kid`, or undefined. */
  find(kid: string): Promise<SigningKey | undefined>;
  /** Returns the public parts of all keys, as a JWK Set (RFC 7517 §5). */
  jwks(): Promise<{ keys: JWK[] }>;
  /**
   * Like `rotateSigningKey`, with the algorithm of the settings by default. This process knows the new key immediately.
   */
  rotate(atOnce: boolean, by?: SigningAlg): Promise<Rotation>;
  /** The secret that derives the successors of refresh tokens. */
  derivation: Buffer;
}

export interface KeysOptions {
  engine: Engine;
  seal: Seal;
  clock: Clock;
  random: RandomBytes;
  alg: SigningAlg;
  /** A key that is already being generated, used if none is stored. */
  generated?: Promise<JWK> | undefined;
  /** Reports a problem to the operator. */
  report(problem: string): void;
}

/** Loads the server's keys and creates missing ones. Processes that start concurrently agree on them. */
export async function openKeys(options: KeysOptions): Promise<Keys> {
  const { engine, seal, clock, alg, random, generated } = options;
  const derivation = await engine.transact((connection) => serverSecret(connection, seal, 'derivation', random(32)));
  const memory = new KeyMemory(options);
  let rotating: Promise<unknown> = Promise.resolve();

  async function current(): Promise<SigningKey> {
    const found = signingKey((await memory.keys()).values(), alg, clock());
    if (found) return found;
    // If others sign with a key that only this process cannot decrypt, no second one is created.
    if (!signingKey(memory.sealed.values(), alg, clock())) {
      await ensureSigningKey(options, generateSigningKey(alg));
      await memory.readAnew();
    }
    const made = signingKey((await memory.keys()).values(), alg, clock());
    if (made) return made;
    throw unopened(signingKey(memory.sealed.values(), alg, clock()));
  }

  /** Returns false if the key no longer exists. */
  async function keep(key: SigningKey, lifetime: number): Promise<boolean> {
    const until = clock() + lifetime * 1000;
    if (key.neededUntil >= until) return true;
    const kept = await keepKey(engine, key.kid, until);
    if (kept === undefined) await memory.read();
    else key.neededUntil = kept;
    return kept !== undefined;
  }

  if (!signingKey((await memory.keys()).values(), alg, clock())) {
    await ensureSigningKey(options, generated ?? generateSigningKey(alg));
    await memory.read();
  }
  return {
    async signing(lifetime) {
      for (;;) {
        const key = await current();
        if (await keep(key, lifetime)) return key;
      }
    },
    async keep(kid, lifetime) {
      const key = (await memory.keys()).get(kid);
      if (key) await keep(key, lifetime);
    },
    find: async (kid) => (await memory.keys()).get(kid),
    async jwks() {
      const states = async () => {
        const keys = [...(await memory.keys()).values()];
        return keys.map((key) => ({ key, state: stateOf(key, keys, alg, clock()) }));
      };
      if ((await states()).some(({ state }) => state === 'ended')) {
        await removeEndedKeys(engine, alg);
        await memory.read();
      }
      return { keys: (await states()).map(({ key }) => key.publicJwk) };
    },
    rotate(atOnce, by = alg) {
      // One after another: an RSA key pair is generated in the thread pool that the database uses.
      const rotation = rotating.then(async () => {
        const done = await rotateSigningKey({ engine, seal, alg: by }, atOnce);
        await memory.readAnew();
        return done;
      });
      rotating = rotation.catch(() => undefined);
      return rotation;
    },
    derivation,
  };
}

function unopened(key: SealedKey | undefined): Failure {
  return new Failure('busy', 'This process cannot decrypt the signing key.', {
    retryAfter: 1,
    detail: 'Set the same KEY_ENCRYPTION_SECRET for all processes.',
    cause: key?.error,
  });
}

/** A key that none of the configured secrets decrypts. */
interface SealedKey extends KeyTimes {
  error: SealError;
}

// How long keys are cached if other processes may change them.
const FRESH_MS = 1_000;

/** The cache of the keys. */
class KeyMemory {
  readonly #options: KeysOptions;
  #keys: Map<string, SigningKey> | undefined;
  #sealed: ReadonlyMap<string, SealedKey> = new Map();
  /** Undefined if the cache is known to be outdated. */
  #readAt: number | undefined;
  #reading: Promise<Map<string, SigningKey>> | undefined;

  constructor(options: KeysOptions) {
    this.#options = options;
  }

  /** Returns all keys by `kid`, at most a second old. */
  async keys(): Promise<Map<string, SigningKey>> {
    return this.#keys && this.#isFresh() ? this.#keys : this.read();
  }

  /** The keys of the last read that this process cannot decrypt, by `kid`. */
  get sealed(): ReadonlyMap<string, SealedKey> {
    return this.#sealed;
  }

  #isFresh(): boolean {
    const { engine, clock } = this.#options;
    return this.#readAt !== undefined && (engine.exclusive || isWithin(clock, this.#readAt, FRESH_MS));
  }

  /** Reads the keys, or joins a read in progress. */
  read(): Promise<Map<string, SigningKey>> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  /** Reads the keys after a change. A read that is already in progress may not include it. */
  async readAnew(): Promise<void> {
    await Promise.allSettled([this.#reading]);
    this.#readAt = undefined;
    // A failure is left to the next reader: the change is committed, and must not look as if it had failed.
    await this.read().catch(() => undefined);
  }

  async #read(): Promise<Map<string, SigningKey>> {
    const readAt = this.#options.clock();
    const rows = await storedKeys(this.#options.engine.committed);
    const read = await Promise.all(rows.map((row) => this.#key(row)));
    this.#keys = byKid(read.filter((key): key is SigningKey => !('error' in key)));
    const sealed = byKid(read.filter((key): key is SealedKey => 'error' in key));
    for (const { kid, error } of sealed.values()) {
      // Reported once, not at every read.
      if (!this.#sealed.has(kid)) this.#options.report(`The signing key ${kid} cannot be used. ${error.message}.`);
    }
    this.#sealed = sealed;
    this.#readAt = readAt;
    return this.#keys;
  }

  /** Imports a key once. A key that cannot be decrypted is returned with its error. */
  async #key(row: StoredKey): Promise<SigningKey | SealedKey> {
    const { jwk: _sealed, ...times } = row;
    const known = this.#keys?.get(row.kid);
    if (known) return Object.assign(known, times);
    try {
      return await importKey(times, await openedKey(row, this.#options.seal));
    } catch (error) {
      if (error instanceof SealError) return { ...times, error };
      throw error;
    }
  }
}

function byKid<Key extends KeyTimes>(keys: readonly Key[]): Map<string, Key> {
  return new Map(keys.map((key) => [key.kid, key]));
}

/** Imports a private JWK for signing and verifying. */
export async function importKey(times: KeyTimes, jwk: JWK): Promise<SigningKey> {
  const { kid, alg } = times;
  const publicJwk = { ...publicPart(jwk), kid, alg, use: 'sig' };
  const publicKey = await importJWK(publicJwk, alg);
  if (publicKey instanceof Uint8Array) throw new Error(`The signing key ${kid} is not an asymmetric key.`);
  // Imported for OpenSSL: WebCrypto takes twice as long on the main thread for the same signature.
  const privateKey = createPrivateKey({ key: jwk as JsonWebKey, format: 'jwk' });
  return { ...times, publicJwk, publicKey, privateKey };
}

/** An allow-list, so that unknown private members are never published. */
function publicPart({ kty, n, e, crv, x, y }: JWK): JWK {
  return Object.fromEntries(Object.entries({ kty, n, e, crv, x, y }).filter(([, value]) => value !== undefined));
}
