/**
 * Encrypts the server's own keys at rest: AES-256-GCM (NIST SP 800-38D), with a key derived by scrypt from the
 * operator's secret (https://www.rfc-editor.org/rfc/rfc7914).
 */
import { createCipheriv, createDecipheriv, scrypt } from 'node:crypto';
import type { RandomBytes } from '../../resources/clock.ts';

/** The operator's secrets. */
export interface SealSettings {
  /** Encrypts what is stored from now on; undefined means no encryption. */
  secret: string | undefined;
  /** A secret with which stored keys may still be encrypted. */
  previous: string | undefined;
}

export interface Opened {
  text: string;
  /** False if it should be stored again: it is not encrypted, or encrypted with the previous secret. */
  current: boolean;
}

export interface Seal {
  /** Encrypts a text for storage. It can be decrypted only under the same name, so that rows cannot be exchanged. */
  close(name: string, text: string): Promise<string>;
  /** Decrypts what was stored under a name. Throws a SealError if none of the secrets decrypts it. */
  open(name: string, stored: string): Promise<Opened>;
}

/** The keys in the database are encrypted with a secret that this process does not have. */
export class SealError extends Error {
  override name = 'SealError';
}

const PREFIX = 'sealed.v1';
const CIPHER = 'aes-256-gcm';
// 32 MiB, about 60 ms: once per start, because everything that one process stores has the same salt.
const COST = { N: 2 ** 15, r: 8, p: 1, maxmem: 64 * 1024 ** 2 } as const;

/** Creates encryption and decryption with the secrets of the settings. */
export function createSeal({ secret, previous }: SealSettings, random: RandomBytes): Seal {
  const derived = new Map<string, Promise<Buffer>>();
  const ownSalt = random(16);

  function keyFrom(chosen: string, salt: Buffer): Promise<Buffer> {
    const place = `${salt.toString('base64url')}:${chosen}`;
    const known = derived.get(place) ?? derive(chosen, salt);
    derived.set(place, known);
    return known;
  }

  return {
    async close(name, text) {
      if (secret === undefined) return text;
      const nonce = random(12);
      const cipher = createCipheriv(CIPHER, await keyFrom(secret, ownSalt), nonce).setAAD(Buffer.from(name));
      const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      const parts = [ownSalt, nonce, sealed, cipher.getAuthTag()].map((part) => part.toString('base64url'));
      return [PREFIX, ...parts].join('.');
    },
    async open(name, stored) {
      if (!stored.startsWith(`${PREFIX}.`)) return { text: stored, current: secret === undefined };
      for (const chosen of [secret, previous]) {
        if (chosen === undefined) continue;
        const text = await unsealed(name, stored, (salt) => keyFrom(chosen, salt));
        if (text !== undefined) return { text, current: chosen === secret };
      }
      throw new SealError(refusal({ secret, previous }));
    },
  };
}

function refusal({ secret, previous }: SealSettings): string {
  const given = secret ?? previous;
  return given === undefined
    ? 'The keys in the database are encrypted: set KEY_ENCRYPTION_SECRET to the secret they were encrypted with'
    : 'KEY_ENCRYPTION_SECRET does not open the keys in the database: set it to the secret they were encrypted with, ' +
        'or to a new one and KEY_ENCRYPTION_SECRET_PREVIOUS to that secret';
}

function derive(secret: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(secret, salt, 32, COST, (error, key) => (error ? reject(error) : resolve(key)));
  });
}

/** Returns the text; undefined if the key is wrong or the stored value was changed. */
async function unsealed(
  name: string,
  stored: string,
  keyFrom: (salt: Buffer) => Promise<Buffer>,
): Promise<string | undefined> {
  const parts = stored.slice(PREFIX.length + 1).split('.');
  const [salt, nonce, sealed, tag] = parts.map((part) => Buffer.from(part, 'base64url'));
  if (!salt || !nonce || !sealed || !tag) return undefined;
  const key = await keyFrom(salt);
  try {
    const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: 16 }).setAAD(Buffer.from(name));
    decipher.setAuthTag(tag);
    return Buffer.concat([decipher.update(sealed), decipher.final()]).toString('utf8');
  } catch {
    // The error tells nothing more than that decryption failed.
    return undefined;
  }
}
