import { Decimal, type Json } from './value.ts';

/**
 * Renders a value as JSON (RFC 8259), compact or indented by two spaces; a Decimal keeps its digits. Throws a TypeError
 * for what JSON cannot express (undefined, NaN), so that nothing unreadable is stored.
 */
export function renderJson(value: Json, pretty = false): string {
  // JSON.stringify is faster and gives the same text for plain values.
  if (isPlain(value)) return JSON.stringify(value, null, pretty ? 2 : 0);
  return render(value, pretty ? '\n' : '');
}

/** Returns true if JSON.stringify renders the value completely and unchanged. */
function isPlain(value: Json): boolean {
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return true;
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object' || value instanceof Decimal) return false;
  if (Array.isArray(value)) {
    for (const item of value) if (!isPlain(item)) return false;
    return true;
  }
  for (const key in value) if (!isPlain(value[key] as Json)) return false;
  return true;
}

/** `margin` is the line break and indentation of the current level; empty for compact output. */
function render(value: Json, margin: string): string {
  if (typeof value === 'string') return renderString(value);
  if (typeof value === 'boolean' || value === null) return String(value);
  if (typeof value === 'number' && Number.isFinite(value)) return String(value);
  if (typeof value !== 'object') throw new TypeError(`JSON cannot represent ${String(value)}`);
  if (value instanceof Decimal) return value.text;

  const inner = margin === '' ? '' : `${margin}  `;
  let members = '';
  if (Array.isArray(value)) {
    for (const item of value) members += `${members === '' ? '' : ','}${inner}${render(item, inner)}`;
    return members === '' ? '[]' : `[${members}${margin}]`;
  }
  const colon = margin === '' ? ':' : ': ';
  for (const key of Object.keys(value)) {
    const member = render(value[key] as Json, inner);
    members += `${members === '' ? '' : ','}${inner}${renderString(key)}${colon}${member}`;
  }
  return members === '' ? '{}' : `{${members}${margin}}`;
}

// What RFC 8259 §7 requires to be escaped, and lone surrogates, which UTF-8 cannot encode.
const NEEDS_ESCAPE = /["\\\u0000-\u001f\ud800-\udfff]/;

function renderString(text: string): string {
  return NEEDS_ESCAPE.test(text) ? JSON.stringify(text) : `"${text}"`;
}
