import { Failure } from '../../resources/errors.ts';

const UTF8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Decodes a body. Every supported format is UTF-8 (RFC 8259 §8.1); a leading byte order mark is dropped.
 * Throws `malformed` for invalid bytes, instead of replacing them silently.
 */
export function decodeUtf8(bytes: Uint8Array): string {
  try {
    return UTF8.decode(bytes);
  } catch (cause) {
    throw new Failure('malformed', 'The body is not valid UTF-8.', { cause });
  }
}
