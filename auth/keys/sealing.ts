/**
 * The server's own keys at rest: AES-256-GCM (NIST SP 800-38D), with a key that scrypt derives from the operator's
 * secret (https://www.rfc-editor.org/rfc/rfc7914).
 */
import { createCipheriv, createDecipheriv, scrypt } from 'node:crypto';
import type { RandomBytes } from '../../resources/clock.ts';

/** The secrets of the operator. */
export interface SealSettings {
  /** What is stored from now on is encrypted with this one; without it, it is stored as it is. */
  secret: string | undefined;
  /** What was stored may have been encrypted with this one. */
  previous: string | undefined;
}

export interface Opened {
  text: string;
  /** False where it would be stored otherwise now: in the open, or encrypted with the previous secret. */
  current: boolean;
}

export interface Seal {
  /** A text as it is stored. It opens under the same name alone, so that rows cannot be exchanged. */
  close(name: string, text: string): Promise<string>;
  /** What was stored under a name. Throws a SealError where no secret at hand opens it. */
  open(name: string, stored: string): Promise<Opened>;
}

/** The keys of the database are encrypted, and not with a secret that this process was given. */
export class SealError extends Error {
  override name = 'SealError';
}

const PREFIX = 'sealed.v1';
const CIPHER = 'aes-256-gcm';
// 32 MiB, about 60 ms: once a start, since what one process stores has one salt.
const COST = { N: 2 ** 15, r: 8, p: 1, maxmem: 64 * 1024 ** 2 } as const;

/** Encrypts and decrypts with the secrets of the settings. */
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
    : 'KEY_ENCRYPTION_SECRET is not what the keys in the database were encrypted with: set it to that secret, ' +
        'or set KEY_ENCRYPTION_SECRET_PREVIOUS to that secret beside a new one';
}

function derive(secret: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(secret, salt, 32, COST, (error, key) => (error ? reject(error) : resolve(key)));
  });
}

/** The text, or undefined where the key is another or what was stored was changed. */
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
    // The only thing that it says of what cannot be opened is that it cannot.
    return undefined;
  }
}
