import { createHash } from 'node:crypto';

/** Text as both databases can hold and compare it: NFC, without NUL, surrogates only in pairs. */
export function storable(text: string): string {
  if (PLAIN.test(text)) return text;
  return text
    .normalize('NFC')
    .replace(/\0|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, '\ufffd');
}

const PLAIN = /^[\x20-\x7e]*$/;

/** True of plain words with one space between them, as most names are: only their case is folded. */
export function isTidy(text: string): boolean {
  return text !== '' && PLAIN.test(text) && !text.includes('  ') && !text.startsWith(' ') && !text.endsWith(' ');
}

/**
 * Text as strings are compared: without case, accents and superfluous white space (FHIR R4 §3.1.1.4.8).
 * It is folded here, and not by a database, so that both find the same.
 */
export function fold(text: string): string {
  if (isTidy(text)) return text.toLowerCase();
  const tidy = spaced(text);
  if (PLAIN.test(tidy)) return tidy.toLowerCase();
  // A mark may have stood between two spaces, or before the first.
  const bare = spaced(
    storable(tidy)
      .normalize('NFKD')
      .replace(/\p{M}+/gu, ''),
  );
  // Upper case first, so that ß is ss; a final sigma is a sigma.
  const lower = bare.toUpperCase().toLowerCase().replace(/ς/g, 'σ').normalize('NFC');
  return lower.replace(STROKED, (letter) => LETTERS[letter] ?? letter);
}

function spaced(text: string): string {
  return text.trim().replace(/\s+/g, ' ');
}

/** Letters whose stroke or ligature Unicode does not take apart, as people write them without. */
const LETTERS: Record<string, string> = {
  ...{ ł: 'l', đ: 'd', ð: 'd', ø: 'o', ħ: 'h', ŧ: 't' },
  ...{ æ: 'ae', œ: 'oe', þ: 'th' },
};
const STROKED = new RegExp(`[${Object.keys(LETTERS).join('')}]`, 'g');

/** Text that fits into an index row; where it is cut, a digest of the whole keeps it apart from others. */
export function bounded(text: string, length: number): string {
  const whole = storable(text);
  if (whole.length <= length) return whole;
  const digest = createHash('sha256').update(whole).digest('hex');
  return storable(`${whole.slice(0, length)}#${digest}`);
}

/** Orders text as both databases do: by code point. JavaScript's own order is that of UTF-16. */
export function compareText(left: string, right: string): number {
  if (left === right) return 0;
  if (SURROGATE.test(left) || SURROGATE.test(right)) return Buffer.compare(Buffer.from(left), Buffer.from(right));
  return left < right ? -1 : 1;
}

const SURROGATE = /[\ud800-\udfff]/;

/** Splits at a separator that no backslash escapes; the parts keep their escapes (FHIR R4 §3.1.1.4.7). */
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

/** True for the value of a parameter that has none: nothing stands between its commas (FHIR R4 §3.1.1.1). */
export function isEmpty(value: string): boolean {
  return splitEscaped(value, ',').every((part) => part.trim() === '');
}

/** Removes the backslashes that escape `,`, `$`, `|` and `\`. */
export function unescaped(text: string): string {
  return text.includes('\\') ? text.replace(/\\([,$|\\])/g, '$1') : text;
}

/** Text as a value gives it: the separators among its characters escaped. */
export function escaped(text: string): string {
  return text.replace(/[,$|\\]/g, '\\$&');
}
