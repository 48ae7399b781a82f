import { readFileSync, statSync } from 'node:fs';
import { BlockList, isIP } from 'node:net';
import { isId } from '../resources/validate/primitives.ts';

/** In characters; the definition of Client sets the same limit. */
export const LONGEST_CLIENT_SECRET = 1024;

/**
 * Parsers of setting values: each turns the text of a variable into its value, or throws an Error whose message says
 * what is wrong. No message quotes the text, which may be a secret.
 */

/** Returns a parser of whole numbers from `least` to `most`. */
export const wholeNumber =
  (least: number, most: number) =>
  (text: string): number => {
    const value = Number(text);
    if (!/^\d{1,15}$/.test(text) || value < least || value > most) throw new Error('is not a valid number');
    return value;
  };

export const oneOf =
  <Choice extends string>(...choices: Choice[]) =>
  (text: string): Choice => {
    const found = choices.find((choice) => choice === text);
    if (found === undefined) throw new Error('is not an allowed value');
    return found;
  };

export function trueOrFalse(text: string): boolean {
  return oneOf('true', 'false')(text) === 'true';
}

/** Parses a text that fits into a log line, a header and a URL: printable ASCII without spaces. */
export function word(text: string): string {
  if (!/^[\x21-\x7e]+$/.test(text)) throw new Error('has spaces or non-ASCII characters');
  return text;
}

/** Parses a resource id. */
export function resourceId(text: string): string {
  if (!isId(text)) throw new Error('is not a valid id');
  return text;
}

export function secret(text: string): string {
  if (/\p{Cc}/u.test(text)) throw new Error('has a control character, such as a line break');
  return text;
}

/** Parses a client secret: not blank, at most LONGEST_CLIENT_SECRET characters, no control character. */
export function clientSecret(text: string): string {
  if (text.trim() === '') throw new Error('is blank');
  if (text.length > LONGEST_CLIENT_SECRET) throw new Error('is too long');
  return secret(text);
}

/** Returns a parser of secrets of at least `least` characters, too long to guess. */
export const longSecret =
  (least: number) =>
  (text: string): string => {
    if (text.length < least) throw new Error('is too short');
    return secret(text);
  };

export function file(text: string): string {
  if (!statSync(text, { throwIfNoEntry: false })?.isFile()) throw new Error('is not an existing file');
  return text;
}

/** Returns the text of a UTF-8 file without its byte order mark and its final line break. Throws if it is empty. */
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
    throw new Error('names a file that is not UTF-8 text');
  }
}

export function folder(text: string): string {
  if (!statSync(text, { throwIfNoEntry: false })?.isDirectory()) throw new Error('is not an existing folder');
  return text;
}

/** Parses an absolute URL to build links on; returns it normalized, without a trailing slash. */
export function baseUrl(text: string): string {
  const url = httpUrl(text);
  if (url.search !== '' || url.hash !== '' || /[?#]/.test(text)) throw new Error('has a query or a fragment');
  if (text.endsWith('/')) throw new Error('ends with a slash');
  return url.pathname === '/' ? url.origin : `${url.origin}${url.pathname}`;
}

/** Parses the URL of a database. Only its form is checked; whether it works is known when it is opened. */
export function databaseUrl(text: string): string {
  if (/^sqlite:./.test(text) && !/[?\0]/.test(text)) return text;
  return postgresUrl(text);
}

export function postgresUrl(text: string): string {
  if (/^postgres(?:ql)?:\/\//.test(text) && URL.canParse(text)) return text;
  throw new Error('is not a valid URL');
}

/** Parses `*`, or a list of origins as browsers send them: `https://app.example.com`. */
export function origins(text: string): readonly string[] | '*' {
  if (text === '*') return '*';
  return list((item) => {
    const { origin } = httpUrl(item);
    if (origin !== item || item.includes('*')) throw new Error('has an item that is not an origin');
    return origin;
  })(text);
}

function httpUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:\/\//i.test(text)) throw new Error('is not an absolute http or https URL');
  if (url.username !== '' || url.password !== '') throw new Error('has a user name or password in its URL');
  if (url.port === '0') throw new Error('has port 0');
  return url;
}

/** Returns a parser of comma-separated items; spaces around an item are dropped. */
export const list =
  <Item>(parse: (item: string) => Item) =>
  (text: string): readonly Item[] => {
    const items = text.split(',').map((item) => item.trim());
    if (items.includes('')) throw new Error('has an empty item');
    return Object.freeze(items.map(parse));
  };

/** Parses comma-separated addresses and CIDRs. */
export function networks(text: string): BlockList {
  const blocks = new BlockList();
  for (const item of text === '' ? [] : list(String)(text)) {
    const [, address = '', bits] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(item) ?? [];
    const version = isIP(address);
    const widest = version === 6 ? 128 : 32;
    if (version === 0 || Number(bits ?? 0) > widest)
      throw new Error('has an item that is neither an IP address nor a CIDR');
    blocks.addSubnet(address, Number(bits ?? widest), version === 6 ? 'ipv6' : 'ipv4');
  }
  return blocks;
}

const UNITS: Record<string, number> = { '': 1, b: 1, kb: 1024, mb: 1024 ** 2 };

/** Returns a parser of sizes in bytes: `1mb`, `512kb`, `65536`. */
export const bytes =
  (least: number, most: number) =>
  (text: string): number => {
    const [, digits, unit = ''] = /^(\d{1,12})\s*(b|kb|mb)?$/i.exec(text) ?? [];
    const value = Number(digits) * (UNITS[unit.toLowerCase()] ?? Number.NaN);
    if (!(value >= least && value <= most)) throw new Error('is not a valid size');
    return value;
  };
