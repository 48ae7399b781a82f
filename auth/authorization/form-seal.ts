/** Signs what a form carries from page to page, so that only the browser it was shown to can send it back. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { Failure } from '../../resources/errors.ts';
import { readJson } from '../../resources/json/read.ts';
import { renderJson } from '../../resources/json/render.ts';
import { isObject, type JsonObject } from '../../resources/json/value.ts';

/** Returns a value as text that nobody else can change or forge, and that no other browser can send. */
export function seal(key: Buffer, browser: string, value: JsonObject): string {
  const payload = Buffer.from(renderJson(value)).toString('base64url');
  return `${payload}.${mac(key, browser, payload).toString('base64url')}`;
}

/** Returns the value that was sealed for this browser; undefined for anything else. */
export function unseal(key: Buffer, browser: string, text: string): JsonObject | undefined {
  const [payload = '', sent = '', ...more] = text.split('.');
  const [expected, given] = [mac(key, browser, payload), Buffer.from(sent, 'base64url')];
  if (more.length > 0 || given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
  return contentOf(payload);
}

/** Returns the content of a sealed text without verification. It is to be trusted no more than any request. */
export function unverified(text: string): JsonObject | undefined {
  try {
    return contentOf(text.split('.')[0] ?? '');
  } catch (error) {
    if (error instanceof Failure) return undefined;
    throw error;
  }
}

function contentOf(payload: string): JsonObject | undefined {
  const value = readJson(Buffer.from(payload, 'base64url').toString());
  return isObject(value) ? value : undefined;
}

/** The key has other uses, so the purpose is part of the signed text. */
function mac(key: Buffer, browser: string, payload: string): Buffer {
  return createHmac('sha256', key)
    .update(JSON.stringify(['interaction', browser, payload]))
    .digest();
}
