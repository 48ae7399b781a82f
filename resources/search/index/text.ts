import { createHash } from 'node:crypto';

/** Returns text that both databases store and compare alike: NFC, without NUL or lone surrogates. */
export function storable(text: string): string {
  if (PLAIN.test(text)) return text;
  return text
    .normalize('NFC')
    .replace(/\0|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, '\ufffd');
}

const PLAIN = /^[\x20-\x7e]*$/;

/** Returns true for ASCII words with single spaces between them, as in most names: only their case needs folding. */
export function isTidy(text: string): boolean {
  return text !== '' && PLAIN.test(text) && !text.includes('  ') && !text.startsWith(' ') && !text.endsWith(' ');
}

/**
 * Folds text for string comparison: without case, accents and superfluous white space (FHIR R4 §3.1.1.4.8). Done here
 * rather than by the database, so that both find the same.
 */
export function fold(text: string): string {
  if (isTidy(text)) return text.toLowerCase();
  const tidy = spaced(text);
  if (PLAIN.test(tidy)) return tidy.toLowerCase();
  // Removing marks can leave further white space, for example around a mark between two spaces.
  const bare = spaced(
    storable(tidy)
      .normalize('NFKD')
      .replace(/\p{M}+/gu, ''),
  );
  // Upper case first, so that ß becomes ss; a final sigma becomes a sigma.
  const lower = bare.toUpperCase().toLowerCase().replace(/ς/g, 'σ').normalize('NFC');
  return lower.replace(STROKED, (letter) => LETTERS[letter] ?? letter);
}

function spaced(text: string): string {
  return text.trim().replace(/\s+/g, ' ');
}

/** Letters with a stroke or ligature that Unicode does not decompose, as people spell them without. */
const LETTERS: Record<string, string> = {
  ...{ ł: 'l', đ: 'd', ð: 'd', ø: 'o', ħ: 'h', ŧ: 't' },
  ...{ æ: 'ae', œ: 'oe', þ: 'th' },
};
const STROKED = new RegExp(`[${Object.keys(LETTERS).join('')}]`, 'g');

/** Returns text that fits into an index row. If it is cut, a digest of the whole text makes it unique. */
export function bounded(text: string, length: number): string {
  const whole = storable(text);
  if (whole.length <= length) return whole;
  const digest = createHash('sha256').update(whole).digest('hex');
  return storable(`${whole.slice(0, length)}#${digest}`);
}

/** Compares text as both databases do: by code point. JavaScript compares UTF-16 code units. */
export function compareText(left: string, right: string): number {
  if (left === right) return 0;
  if (SURROGATE.test(left) || SURROGATE.test(right)) return Buffer.compare(Buffer.from(left), Buffer.from(right));
  return left < right ? -1 : 1;
}

const SURROGATE = /[\ud800-\udfff]/;

/** Splits at separators that are not escaped by a backslash; the parts keep their escapes (FHIR R4 §3.1.1.4.7). */
export function splitEscaped(text: string, separator: ',' | '|' | '$'): string[] {
  if (!text.includes('\\')) return text.split(separator);
  const parts: string[] = [];
  let start = 0;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (character === '\\') at += 1;
    else if (character === separator) {
      parts.push(text.slice(start, at));
      start = at + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}

/** Returns true if a parameter has no value: all its comma-separated parts are empty (FHIR R4 §3.1.1.1). */
export function isEmpty(value: string): boolean {
  return splitEscaped(value, ',').every((part) => part.trim() === '');
}

/** Removes the backslashes that escape `,`, `$`, `|` and `\`. */
export function unescaped(text: string): string {
  return text.includes('\\') ? text.replace(/\\([,$|\\])/g, '$1') : text;
}

/** Escapes the separators in a value. */
export function escaped(text: string): string {
  return text.replace(/[,$|\\]/g, '\\$&');
}
