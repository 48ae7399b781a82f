/**
 * Opaque cursors for keyset paging. A position consists of database keys, from which a caller could count what others
 * create. It is therefore encrypted with AES-256-GCM (NIST SP 800-38D); no other value is accepted as a cursor.
 */

import { createCipheriv, createDecipheriv, createHmac, hkdfSync } from 'node:crypto';
import { wrongCursor } from '../../resources/search/cursor.ts';

type Parameters = [name: string, value: string][];

export interface Cursors {
  /** Encrypts a position. The result is deterministic, so that the text of a page is stable. */
  close(place: string): string;
  /** Returns request parameters with each `_cursor` decrypted. Throws `parameter` for a cursor not issued here. */
  open(parameters: Parameters): Parameters;
}

const CIPHER = 'aes-256-gcm';
const [NONCE, TAG] = [12, 16];

/** Creates cursors with a secret stored in the database, so that every node accepts the cursors of the others. */
export function createCursors(secret: Buffer): Cursors {
  const derived = (use: string) => Buffer.from(hkdfSync('sha256', secret, '', use, 32));
  const [cipherKey, nonceKey] = [derived('cursor'), derived('nonce of a cursor')];

  /** Returns the decrypted position; undefined if the cursor is not authentic. */
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
