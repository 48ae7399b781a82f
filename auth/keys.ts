/**
 * The server's own keys: signing keys (JWK, https://www.rfc-editor.org/rfc/rfc7517) and the key that successors of
 * refresh tokens are derived with. They are made at the first start and kept in the database.
 */
import { type CryptoKey, calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK } from 'jose';
import type { Clock, RandomBytes } from '../resources/clock.ts';
import type { Connection } from '../resources/connection.ts';
import type { Engine } from '../resources/engine.ts';
import type { SigningAlg } from './settings.ts';

export interface SigningKey {
  kid: string;
  alg: string;
  /** What may be published. */
  publicJwk: JWK;
  publicKey: CryptoKey;
  privateKey: CryptoKey;
}

export interface Keys {
  /** The key that signs from now on. */
  signing: SigningKey;
  /** The key a token names, asking the database where another process may have made it; undefined for none. */
  find(kid: string): Promise<SigningKey | undefined>;
  /** The public parts of all keys, as a JWK Set (RFC 7517 §5). */
  jwks(): Promise<{ keys: JWK[] }>;
  /** The secret that successors of refresh tokens are derived with. */
  derivation: Buffer;
}

/** A new key pair as a private JWK with `kid` and `alg`. RSA takes up to 0.3 s, so start it early. */
export async function generateSigningKey(alg: SigningAlg): Promise<JWK> {
  const { privateKey } = await generateKeyPair(alg, { extractable: true });
  const jwk = await exportJWK(privateKey);
  return { ...jwk, alg, kid: await calculateJwkThumbprint(jwk) };
}

export interface KeysOptions {
  engine: Engine;
  clock: Clock;
  random: RandomBytes;
  alg: SigningAlg;
  /** A key that is already being made, in case none is stored. */
  generated?: Promise<JWK> | undefined;
}

// How often a token with an unknown `kid` may make the keys be read again.
const RELOAD_MS = 5_000;

/** Opens the server's keys and makes those that are missing. Processes that start at once agree on them. */
export async function openKeys(options: KeysOptions): Promise<Keys> {
  const { engine, clock, alg } = options;
  const chosen = await signingKid(options);
  const derivation = await engine.transact((connection) =>
    serverKey(connection, 'derivation', options.random(32).toString('base64url')),
  );
  let known = await readKeys(engine);
  let readAt = clock();
  const signing = known.get(chosen);
  if (!signing) throw new Error(`The ${alg} signing key ${chosen} is not in the database.`);

  async function refreshed(): Promise<Map<string, SigningKey>> {
    const now = clock();
    if (!engine.exclusive && now - readAt >= RELOAD_MS) {
      readAt = now;
      known = await readKeys(engine);
    }
    return known;
  }

  return {
    signing,
    find: async (kid) => known.get(kid) ?? (await refreshed()).get(kid),
    jwks: async () => ({ keys: [...(await refreshed()).values()].map(({ publicJwk }) => publicJwk) }),
    derivation: Buffer.from(derivation, 'base64url'),
  };
}

/** The `kid` of the key that signs with this algorithm; stores a new key where there is none. */
async function signingKid({ engine, clock, alg, generated }: KeysOptions): Promise<string> {
  const name = `signing:${alg}`;
  const stored = await engine.transact((connection) => readServerKey(connection, name));
  if (stored !== undefined) return stored;
  const jwk = await (generated ?? generateSigningKey(alg));
  const kid = jwk.kid ?? (await calculateJwkThumbprint(jwk));
  return engine.transact(async (connection) => {
    const winner = await serverKey(connection, name, kid);
    if (winner === kid) {
      await connection.run(
        'INSERT INTO signing_key (kid, alg, jwk, created_at) VALUES (?, ?, ?, ?) ON CONFLICT (kid) DO NOTHING',
        [kid, alg, JSON.stringify(jwk), clock()],
      );
    }
    return winner;
  });
}

/** The server key of a name; stores the given value where there is none. The first process to store wins. */
export async function serverKey(connection: Connection, name: string, value: string): Promise<string> {
  await claimServerKey(connection, name, value);
  return (await readServerKey(connection, name)) ?? value;
}

/** Stores a server key under a name that has none; true where this call stored it. */
export async function claimServerKey(connection: Connection, name: string, value: string): Promise<boolean> {
  const sql = 'INSERT INTO server_key (name, value) VALUES (?, ?) ON CONFLICT (name) DO NOTHING';
  return (await connection.run(sql, [name, value])) === 1;
}

/** The server key of a name, or undefined. */
export async function readServerKey(connection: Connection, name: string): Promise<string | undefined> {
  const [row] = await connection.all<{ value: string }>('SELECT value FROM server_key WHERE name = ?', [name]);
  return row?.value;
}

async function readKeys(engine: Engine): Promise<Map<string, SigningKey>> {
  const rows = await engine.transact((connection) =>
    connection.all<{ kid: string; jwk: string }>('SELECT kid, jwk FROM signing_key ORDER BY created_at, kid'),
  );
  const keys = await Promise.all(rows.map(({ kid, jwk }) => importKey(kid, JSON.parse(jwk) as JWK)));
  return new Map(keys.map((key) => [key.kid, key]));
}

async function importKey(kid: string, jwk: JWK): Promise<SigningKey> {
  const alg = jwk.alg ?? '';
  const publicJwk = { ...publicPart(jwk), kid, alg, use: 'sig' };
  const [publicKey, privateKey] = await Promise.all([importJWK(publicJwk, alg), importJWK(jwk, alg)]);
  if (publicKey instanceof Uint8Array || privateKey instanceof Uint8Array) {
    throw new Error(`The signing key ${kid} is not an asymmetric key.`);
  }
  return { kid, alg, publicJwk, publicKey, privateKey };
}

/** Names what may be seen rather than what may not: a private member that is new stays private. */
function publicPart({ kty, n, e, crv, x, y }: JWK): JWK {
  return Object.fromEntries(Object.entries({ kty, n, e, crv, x, y }).filter(([, value]) => value !== undefined));
}
