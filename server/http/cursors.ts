/**
 * Cursors as callers have them. A place among resources is told by keys of the database, by which a caller could count
 * what others make: it is encrypted, by AES-256-GCM (NIST SP 800-38D), and nothing else is taken for one.
 */

import { createCipheriv, createDecipheriv, createHmac, hkdfSync } from 'node:crypto';
import { wrongCursor } from '../../resources/search/cursor.ts';

type Parameters = [name: string, value: string][];

export interface Cursors {
  /** The cursor of a place. It is always the same, so that a page stays the same text. */
  close(place: string): string;
  /** The parameters of a request, a place for each `_cursor`. Throws `parameter` for one that was not given here. */
  open(parameters: Parameters): Parameters;
}

const CIPHER = 'aes-256-gcm';
const [NONCE, TAG] = [12, 16];

/** Cursors by a secret of the database, so that each of its nodes takes what another gave. */
export function createCursors(secret: Buffer): Cursors {
  const derived = (use: string) => Buffer.from(hkdfSync('sha256', secret, '', use, 32));
  const [cipherKey, nonceKey] = [derived('cursor'), derived('nonce of a cursor')];

  /** The place that was encrypted; undefined for whatever was not. */
  function opened(cursor: string): string | undefined {
    const bytes = Buffer.from(cursor, 'base64url');
    const sealed = bytes.subarray(NONCE, -TAG);
    if (sealed.length === 0 || bytes.toString('base64url') !== cursor) return undefined;
    const decipher = createDecipheriv(CIPHER, cipherKey, bytes.subarray(0, NONCE), { authTagLength: TAG });
    decipher.setAuthTag(bytes.subarray(-TAG));
    try {
      return decipher.update(sealed, undefined, 'utf8') + decipher.final('utf8');
    } catch {
      return undefined;
    }
  }

  return {
    close(place) {
      const nonce = createHmac('sha256', nonceKey).update(place).digest().subarray(0, NONCE);
      const cipher = createCipheriv(CIPHER, cipherKey, nonce);
      const sealed = [nonce, cipher.update(place, 'utf8'), cipher.final(), cipher.getAuthTag()];
      return Buffer.concat(sealed).toString('base64url');
    },
    open(parameters) {
      if (!parameters.some(([name]) => name === '_cursor')) return parameters;
      return parameters.map(([name, value]) => {
        if (name !== '_cursor') return [name, value];
        const place = opened(value);
        if (place !== undefined) return [name, place];
        throw wrongCursor();
      });
    },
  };
}
