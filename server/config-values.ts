import { readFileSync, statSync } from 'node:fs';
import { BlockList, isIP } from 'node:net';
import { isId } from '../resources/validate/primitives.ts';

/** Characters, as the definition of Client has it. */
export const LONGEST_CLIENT_SECRET = 1024;

/**
 * What a setting may be: each function turns the text of a variable into its value, or throws an Error whose
 * message says what was wrong. None of them quotes the text, which may be a secret.
 */

/** A whole number from `least` to `most`. */
export const wholeNumber =
  (least: number, most: number) =>
  (text: string): number => {
    const value = Number(text);
    if (!/^\d{1,15}$/.test(text) || value < least || value > most) throw new Error('is not such a number');
    return value;
  };

export const oneOf =
  <Choice extends string>(...choices: Choice[]) =>
  (text: string): Choice => {
    const found = choices.find((choice) => choice === text);
    if (found === undefined) throw new Error('is none of them');
    return found;
  };

export function trueOrFalse(text: string): boolean {
  return oneOf('true', 'false')(text) === 'true';
}

/** A text that a log line, a header and a URL can carry: no blanks, no control characters. */
export function word(text: string): string {
  if (!/^[\x21-\x7e]+$/.test(text)) throw new Error('has blanks or characters beyond ASCII');
  return text;
}

/** An id as resources have it. */
export function resourceId(text: string): string {
  if (!isId(text)) throw new Error('is not an id');
  return text;
}

export function secret(text: string): string {
  if (/\p{Cc}/u.test(text)) throw new Error('has a control character, maybe a line break');
  return text;
}

/** A secret that a Client may have. */
export function clientSecret(text: string): string {
  if (text.trim() === '') throw new Error('has nothing but blanks');
  if (text.length > LONGEST_CLIENT_SECRET) throw new Error('is too long');
  return secret(text);
}

/** A secret that cannot be guessed by trying short ones. */
export const longSecret =
  (least: number) =>
  (text: string): string => {
    if (text.length < least) throw new Error('is too short');
    return secret(text);
  };

export function file(text: string): string {
  if (!statSync(text, { throwIfNoEntry: false })?.isFile()) throw new Error('names no file');
  return text;
}

/** The text of a file in UTF-8, without the mark that some editors put before it and the line break at its end. */
export function textIn(path: string): string {
  const text = utf8(bytesIn(path)).replace(/\r?\n$/, '');
  if (text === '') throw new Error('names an empty file');
  return text;
}

function bytesIn(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    throw new Error(`cannot be read (${code})`);
  }
}

function utf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new Error('names a file that is no text in UTF-8');
  }
}

export function folder(text: string): string {
  if (!statSync(text, { throwIfNoEntry: false })?.isDirectory()) throw new Error('names no folder');
  return text;
}

/** An absolute URL to build links on: normalised, without a slash at its end. */
export function baseUrl(text: string): string {
  const url = httpUrl(text);
  if (url.search !== '' || url.hash !== '' || /[?#]/.test(text)) throw new Error('has a query or a fragment');
  if (text.endsWith('/')) throw new Error('ends in a slash');
  return url.pathname === '/' ? url.origin : `${url.origin}${url.pathname}`;
}

/** The URL of a database, whose form is all that can be told before it is opened. */
export function databaseUrl(text: string): string {
  if (/^sqlite:./.test(text) && !/[?\0]/.test(text)) return text;
  return postgresUrl(text);
}

export function postgresUrl(text: string): string {
  if (/^postgres(?:ql)?:\/\//.test(text) && URL.canParse(text)) return text;
  throw new Error('is not such a URL');
}

/** `*`, or origins as a browser sends them: `https://app.example.com`. */
export function origins(text: string): readonly string[] | '*' {
  if (text === '*') return '*';
  return list((item) => {
    const { origin } = httpUrl(item);
    if (origin !== item || item.includes('*'))
      throw new Error('has an item that is not an origin as browsers write it');
    return origin;
  })(text);
}

function httpUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:\/\//i.test(text)) throw new Error('is not an absolute http or https URL');
  if (url.username !== '' || url.password !== '') throw new Error('has a user name in its URL');
  if (url.port === '0') throw new Error('has the port 0');
  return url;
}

/** Items separated by commas, blanks around them dropped. */
export const list =
  <Item>(parse: (item: string) => Item) =>
  (text: string): readonly Item[] => {
    const items = text.split(',').map((item) => item.trim());
    if (items.includes('')) throw new Error('has an empty item');
    return Object.freeze(items.map(parse));
  };

/** Addresses and CIDRs, separated by commas. */
export function networks(text: string): BlockList {
  const blocks = new BlockList();
  for (const item of text === '' ? [] : list(String)(text)) {
    const [, address = '', bits] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(item) ?? [];
    const version = isIP(address);
    const widest = version === 6 ? 128 : 32;
    if (version === 0 || Number(bits ?? 0) > widest)
      throw new Error('has an item that is neither an address nor a CIDR');
    blocks.addSubnet(address, Number(bits ?? widest), version === 6 ? 'ipv6' : 'ipv4');
  }
  return blocks;
}

const UNITS: Record<string, number> = { '': 1, b: 1, kb: 1024, mb: 1024 ** 2 };

/** A size in bytes: `1mb`, `512kb`, `65536`. */
export const bytes =
  (least: number, most: number) =>
  (text: string): number => {
    const [, digits, unit = ''] = /^(\d{1,12})\s*(b|kb|mb)?$/i.exec(text) ?? [];
    const value = Number(digits) * (UNITS[unit.toLowerCase()] ?? Number.NaN);
    if (!(value >= least && value <= most)) throw new Error('is not such a size');
    return value;
  };
