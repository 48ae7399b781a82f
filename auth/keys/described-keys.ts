/** Describes the signing keys to authorized callers: their state and times, never their key material. */

import type { JsonObject } from '../../resources/json/value.ts';
import type { Connection } from '../../resources/storage/connection.ts';
import type { SigningAlg } from '../settings.ts';
import { type Rotation, stateOf, storedKeys } from './signing-keys.ts';

/** Returns all keys at a moment, the oldest first. `signingAlg` is the signing algorithm of the settings. */
export async function describeKeys(
  connection: Pick<Connection, 'all'>,
  signingAlg: SigningAlg,
  now: number,
): Promise<JsonObject[]> {
  const keys = await storedKeys(connection);
  return keys.map((key) => {
    const { kid, alg, publishedAt, signsFrom, neededUntil } = key;
    return {
      kid,
      alg,
      state: stateOf(key, keys, signingAlg, now),
      published_at: instant(publishedAt),
      signs_from: instant(signsFrom),
      ...(neededUntil > signsFrom ? { needed_until: instant(neededUntil) } : {}),
    };
  });
}

/** Returns the result of a rotation as JSON. */
export function describeRotation({ outcome, kid, signsFrom }: Rotation): JsonObject {
  return { outcome, kid, signs_from: instant(signsFrom) };
}

function instant(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
