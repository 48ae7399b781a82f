/** HTTP Basic authentication of a client (https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1, RFC 7617). */
import type { ClientCredentials, ClientMethod } from './method.ts';
import { bySecret } from './secret.ts';

export const secretBasic: ClientMethod = {
  name: 'client_secret_basic',
  isUsed: ({ authorization }) => authorization !== undefined,
  read: ({ authorization, schemeless }) => {
    const [first = '', second, ...more] = (authorization ?? '').trim().split(/ +/);
    if (more.length > 0) return undefined;
    if (second === undefined) return schemeless ? readBasic(first) : undefined;
    return first.toLowerCase() === 'basic' ? readBasic(second) : undefined;
  },
  ...bySecret,
};

const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;
const LONGEST = 4_096;

/**
 * Decodes the value of a Basic header; returns undefined if it is invalid. RFC 6749 requires id and secret to be
 * form-encoded, but some clients send them raw, so the secret is returned in both readings.
 */
export function readBasic(encoded: string): ClientCredentials | undefined {
  if (encoded.length > LONGEST || !BASE64.test(encoded)) return undefined;
  const text = decodeUtf8(Buffer.from(encoded, 'base64'));
  const colon = text?.indexOf(':') ?? -1;
  if (text === undefined || colon < 1) return undefined;
  const id = text.slice(0, colon);
  const secret = text.slice(colon + 1);
  if (secret === '') return undefined;
  const readings = [secret, formDecoded(secret)].filter((reading) => reading !== undefined);
  return { id: formDecoded(id) ?? id, secrets: [...new Set(readings)] };
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decodeUtf8(bytes: Buffer): string | undefined {
  try {
    const text = UTF8.decode(bytes);
    return text.includes('\0') ? undefined : text;
  } catch {
    return undefined;
  }
}

function formDecoded(text: string): string | undefined {
  try {
    const decoded = decodeURIComponent(text.replaceAll('+', ' '));
    return decoded.includes('\0') ? undefined : decoded;
  } catch {
    return undefined;
  }
}
