/** Public keys of a Client: its `jwks`, or the set at its `jwks_uri` (RFC 7591 §2, RFC 7517 §5). */
import {
  type CryptoKey,
  createLocalJWKSet,
  errors,
  type FlattenedJWSInput,
  type JWK,
  type JWSHeaderParameters,
} from 'jose';
import { type Clock, isWithin } from '../../resources/clock.ts';
import { isObject, type Json, type JsonObject } from '../../resources/json/value.ts';
import { remember } from '../../resources/remember.ts';
import type { FetchKeys } from './fetch-keys.ts';

export interface ClientKeys {
  /** Returns the key that a signature names. Rejects with a JOSEError if there is none. */
  find(client: JsonObject, header: JWSHeaderParameters, token: FlattenedJWSInput): Promise<CryptoKey>;
}

type KeySet = ReturnType<typeof createLocalJWKSet>;

interface Fetched {
  at: number;
  /** The fetched set, or the previous one if the fetch gave nothing usable; undefined if there is neither. */
  held: Promise<Held | undefined>;
}

/** A key set, and when it was fetched, in milliseconds since the epoch. */
interface Held {
  keys: KeySet;
  at: number;
}

const FRESH_MS = 10 * 60_000;
/** The minimum interval between fetches that are caused by an unknown key or a failed fetch. */
const RETRY_MS = 60_000;
const MOST_REMEMBERED = 1_000;

/**
 * Creates the look-up of Clients' keys. Sets from a `jwks_uri` are cached, and callers cannot trigger fetches at will.
 */
export function createClientKeys({ fetchKeys, clock }: { fetchKeys: FetchKeys; clock: Clock }): ClientKeys {
  const remembered = new Map<string, Fetched>();

  function fetched(uri: string, youngerThan: number): Fetched {
    const known = remembered.get(uri);
    if (known && isWithin(clock, known.at, youngerThan)) return known;
    const at = clock();
    const held = fetchKeys(uri).then((json) => {
      const keys = json === undefined ? undefined : keySet(json);
      return keys ? { keys, at } : known?.held;
    });
    const made = { at, held };
    remember(remembered, uri, made, MOST_REMEMBERED);
    return made;
  }

  async function remote(uri: string, header: JWSHeaderParameters, token: FlattenedJWSInput): Promise<CryptoKey> {
    const held = await fetched(uri, FRESH_MS).held;
    const isFresh = held !== undefined && isWithin(clock, held.at, FRESH_MS);
    const found = isFresh ? await keyIn(held.keys, header, token) : undefined;
    if (found) return found;
    const again = fetched(uri, RETRY_MS);
    const now = await again.held;
    if (now?.at !== again.at) throw new errors.JWKSTimeout();
    return now.keys(header, token);
  }

  return {
    async find(client, header, token) {
      const { jwks, jwks_uri: uri } = client;
      // SMART permits a `jku` header only if it equals the registered address.
      if (header.jku !== undefined && header.jku !== uri) throw new errors.JWTInvalid('A key of its own');
      if (jwks !== undefined) {
        const keys = keySet(jwks);
        if (keys) return keys(header, token);
      }
      if (typeof uri === 'string') return remote(uri, header, token);
      throw new errors.JWKSNoMatchingKey();
    },
  };
}

async function keyIn(keys: KeySet, ...named: Parameters<KeySet>): Promise<CryptoKey | undefined> {
  try {
    return await keys(...named);
  } catch (error) {
    if (error instanceof errors.JWKSNoMatchingKey) return undefined;
    throw error;
  }
}

/** Returns a searchable key set; undefined if the value is no JWK Set. Symmetric keys are left out. */
function keySet(jwks: Json): KeySet | undefined {
  const listed = isObject(jwks) ? jwks['keys'] : undefined;
  if (!Array.isArray(listed)) return undefined;
  const keys = listed.filter((key) => isObject(key) && typeof key['kty'] === 'string' && key['kty'] !== 'oct');
  return createLocalJWKSet({ keys: keys.map((key) => ({ ...(key as JsonObject) }) as unknown as JWK) });
}
