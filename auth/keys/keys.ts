/**
 * The server's own keys while it serves: signing keys (https://www.rfc-editor.org/rfc/rfc7517) and the key that
 * successors of refresh tokens are derived with.
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
  /** What may be published. */
  publicJwk: JWK;
  publicKey: CryptoKey;
}

export interface Keys {
  /**
   * The key that signs now; it is kept for as long as what it signs may live, in seconds. Not to be called within a
   * job of the write queue, since it may need one itself. Rejects with `busy` where this process cannot open it.
   */
  signing(lifetime: number): Promise<SigningKey>;
  /** Keeps a key that has signed for so many seconds more: what it signed was prolonged. Not within a job, either. */
  keep(kid: string, lifetime: number): Promise<void>;
  /** The key a token names; undefined for none. */
  find(kid: string): Promise<SigningKey | undefined>;
  /** The public parts of all keys, as a JWK Set (RFC 7517 §5). */
  jwks(): Promise<{ keys: JWK[] }>;
  /** As `rotateSigningKey`, by the algorithm of the settings unless it is told another; it is known here at once. */
  rotate(atOnce: boolean, by?: SigningAlg): Promise<Rotation>;
  /** The secret that successors of refresh tokens are derived with. */
  derivation: Buffer;
}

export interface KeysOptions {
  engine: Engine;
  seal: Seal;
  clock: Clock;
  random: RandomBytes;
  alg: SigningAlg;
  /** A key that is already being made, in case none is stored. */
  generated?: Promise<JWK> | undefined;
  /** Told what an operator should know. */
  report(problem: string): void;
}

/** Opens the server's keys and makes those that are missing. Processes that start at once agree on them. */
export async function openKeys(options: KeysOptions): Promise<Keys> {
  const { engine, seal, clock, alg, random, generated } = options;
  const derivation = await engine.transact((connection) => serverSecret(connection, seal, 'derivation', random(32)));
  const memory = new KeyMemory(options);
  let rotating: Promise<unknown> = Promise.resolve();

  async function current(): Promise<SigningKey> {
    const found = signingKey((await memory.keys()).values(), alg, clock());
    if (found) return found;
    // None is made beside one that others sign with: this process alone cannot open it.
    if (!signingKey(memory.sealed.values(), alg, clock())) {
      await ensureSigningKey(options, generateSigningKey(alg));
      await memory.readAnew();
    }
    const made = signingKey((await memory.keys()).values(), alg, clock());
    if (made) return made;
    throw unopened(signingKey(memory.sealed.values(), alg, clock()));
  }

  /** False where there is no such key any more. */
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
      // One after the other: a pair of RSA is made on the threads that the database is read on.
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
  return new Failure('busy', 'The signing key cannot be opened by this process.', {
    retryAfter: 1,
    detail: 'Give this process the KEY_ENCRYPTION_SECRET that the others have.',
    cause: key?.error,
  });
}

/** A key that no secret at hand opens. */
interface SealedKey extends KeyTimes {
  error: SealError;
}

// What was read is taken for so long, where other processes may change it.
const FRESH_MS = 1_000;

/** The keys as they were last read. */
class KeyMemory {
  readonly #options: KeysOptions;
  #keys: Map<string, SigningKey> | undefined;
  #sealed: ReadonlyMap<string, SealedKey> = new Map();
  /** Absent where what was read is known to be old. */
  #readAt: number | undefined;
  #reading: Promise<Map<string, SigningKey>> | undefined;

  constructor(options: KeysOptions) {
    this.#options = options;
  }

  /** All keys by their `kid`, at most a second old. */
  async keys(): Promise<Map<string, SigningKey>> {
    return this.#keys && this.#isFresh() ? this.#keys : this.read();
  }

  /** Those of the last reading that this process cannot open, by their `kid`. */
  get sealed(): ReadonlyMap<string, SealedKey> {
    return this.#sealed;
  }

  #isFresh(): boolean {
    const { engine, clock } = this.#options;
    return this.#readAt !== undefined && (engine.exclusive || isWithin(clock, this.#readAt, FRESH_MS));
  }

  /** Reads them now, or with those who are already waiting for it. */
  read(): Promise<Map<string, SigningKey>> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  /** Reads them after a change: what is being read already may be from before it. */
  async readAnew(): Promise<void> {
    await Promise.allSettled([this.#reading]);
    this.#readAt = undefined;
    // Where that fails, they are read by whoever needs them next: the change is made, and is not to look undone.
    await this.read().catch(() => undefined);
  }

  async #read(): Promise<Map<string, SigningKey>> {
    const readAt = this.#options.clock();
    const rows = await storedKeys(this.#options.engine.committed);
    const read = await Promise.all(rows.map((row) => this.#key(row)));
    this.#keys = byKid(read.filter((key): key is SigningKey => !('error' in key)));
    const sealed = byKid(read.filter((key): key is SealedKey => 'error' in key));
    for (const { kid, error } of sealed.values()) {
      // Told of once, and not at every reading.
      if (!this.#sealed.has(kid)) this.#options.report(`The signing key ${kid} cannot be used. ${error.message}.`);
    }
    this.#sealed = sealed;
    this.#readAt = readAt;
    return this.#keys;
  }

  /** A key of ours is imported once. One that another process has encrypted otherwise is left out of them. */
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

/** A key that is ready to sign and to verify, from its private JWK. */
export async function importKey(times: KeyTimes, jwk: JWK): Promise<SigningKey> {
  const { kid, alg } = times;
  const publicJwk = { ...publicPart(jwk), kid, alg, use: 'sig' };
  const publicKey = await importJWK(publicJwk, alg);
  if (publicKey instanceof Uint8Array) throw new Error(`The signing key ${kid} is not an asymmetric key.`);
  // Handed to OpenSSL as it is: WebCrypto's way to the same signature takes twice as long on the main thread.
  const privateKey = createPrivateKey({ key: jwk as JsonWebKey, format: 'jwk' });
  return { ...times, publicJwk, publicKey, privateKey };
}

/** Names what may be seen rather than what may not: a private member that is new stays private. */
function publicPart({ kty, n, e, crv, x, y }: JWK): JWK {
  return Object.fromEntries(Object.entries({ kty, n, e, crv, x, y }).filter(([, value]) => value !== undefined));
}
