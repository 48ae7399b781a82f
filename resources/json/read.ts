import { Failure } from '../errors.ts';
import { NUMBER_LIMITS, numberFrom } from './number.ts';
import { malformed, placeOf } from './place.ts';
import { textProblem } from './text.ts';
import type { Decimal, Json, JsonObject } from './value.ts';

/** Maximum nesting of arrays and objects; FHIR's deepest published examples stay below 30. */
export const MAX_DEPTH = 100;

/**
 * Limits on the contents of a text. Memory and time depend on the number of values and names rather than on bytes: a
 * megabyte of `[]` has thirty times as many values as one of resources.
 */
export interface JsonBounds {
  /** Objects, arrays, strings, numbers and literals. */
  values: number;
  /** Distinct member names. */
  names: number;
}

/** More than any text contains. */
const UNBOUNDED: JsonBounds = { values: 2 ** 30, names: 2 ** 30 };
/** The shortest member is `"":1,`: a text has at least so many characters per name. */
const SHORTEST_MEMBER = 5;

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const ARRAY = 0x5b;
const ARRAY_END = 0x5d;
const OBJECT = 0x7b;
const OBJECT_END = 0x7d;

/** Strings up to this length are scanned character by character; longer ones are faster with built-in functions. */
const SHORT = 64;
/** Characters of a string that are escapes, are forbidden, or need a further check. */
const UNUSUAL = /[\\\u0000-\u001f\ud800-\udfff]/;

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ['\\', '\\'],
  ['/', '/'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
]);

/**
 * Parses JSON (RFC 8259) and keeps the digits of numbers, unlike `JSON.parse`. Skips a leading byte order mark. Throws
 * `malformed` with line and column for a syntax error, and for what the RFC leaves open and Ward refuses: a duplicate
 * key, the key `__proto__`, NUL, a lone surrogate, a number or a nesting beyond the limits. Throws `too-large` if the
 * text exceeds the bounds.
 */
export function readJson(text: string, bounds: JsonBounds = UNBOUNDED): Json {
  return new Reader(text, bounds).document();
}

class Reader {
  readonly #text: string;
  readonly #bounds: JsonBounds;
  /** The distinct names so far; undefined if they cannot become too many. */
  readonly #names: Set<string> | undefined;
  #at = 0;
  #depth = 0;
  /** The number of values still allowed. */
  #left: number;

  constructor(text: string, bounds: JsonBounds) {
    this.#text = text;
    this.#bounds = bounds;
    this.#left = bounds.values;
    this.#names = text.length / SHORTEST_MEMBER > bounds.names ? new Set() : undefined;
  }

  document(): Json {
    if (this.#text.charCodeAt(0) === 0xfeff) this.#at = 1;
    const value = this.#value(this.#skipSpace());
    this.#skipSpace();
    if (this.#at < this.#text.length) this.#fail('unexpected text after the value');
    return value;
  }

  /** Parses the value that begins here with this character. */
  #value(code: number): Json {
    this.#left -= 1;
    if (this.#left < 0) throw tooMuch(this.#bounds.values, 'values');
    switch (code) {
      case QUOTE:
        return this.#string();
      case OBJECT:
        return this.#object();
      case ARRAY:
        return this.#array();
      case 0x74:
        return this.#word('true', true);
      case 0x66:
        return this.#word('false', false);
      case 0x6e:
        return this.#word('null', null);
      default:
        return this.#number();
    }
  }

  #object(): JsonObject {
    const object: JsonObject = {};
    if (this.#isEmpty(OBJECT_END)) return object;
    do {
      const code = this.#skipSpace();
      const start = this.#at;
      if (code !== QUOTE) this.#fail('expected a key in double quotes');
      const key = this.#string();
      if (key === '__proto__') this.#fail('the key "__proto__" is not allowed', start);
      // Parsed values are never undefined, and inherited properties are not the object's own.
      const isTwice = object[key] !== undefined && Object.hasOwn(object, key);
      if (isTwice) this.#fail(`duplicate key ${JSON.stringify(key.slice(0, 64))}`, start);
      if (this.#names !== undefined) this.#count(key, this.#names);
      if (this.#skipSpace() !== COLON) this.#fail('expected ":" after the key');
      this.#at += 1;
      object[key] = this.#value(this.#skipSpace());
    } while (this.#continues(OBJECT_END));
    return object;
  }

  /** Objects of very many shapes, or with very many members, cost far more than their values. */
  #count(name: string, names: Set<string>): void {
    names.add(name);
    if (names.size > this.#bounds.names) throw tooMuch(this.#bounds.names, 'different member names');
  }

  #array(): Json[] {
    if (this.#isEmpty(ARRAY_END)) return [];
    // An empty array reserves seventeen places on the first push, but most arrays have one item.
    const array = [this.#value(this.#skipSpace())];
    while (this.#continues(ARRAY_END)) array.push(this.#value(this.#skipSpace()));
    return array;
  }

  /** After an opening bracket: returns true if the closing one follows. */
  #isEmpty(end: number): boolean {
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) this.#fail(`nested more than ${MAX_DEPTH} deep`);
    this.#at += 1;
    return this.#skipSpace() === end && this.#leave();
  }

  /** After a member: returns true at a comma, false at the closing bracket. */
  #continues(end: number): boolean {
    const code = this.#skipSpace();
    if (code === end) return !this.#leave();
    if (code !== COMMA) this.#fail(`expected "," or "${String.fromCharCode(end)}"`);
    this.#at += 1;
    return true;
  }

  #leave(): true {
    this.#depth -= 1;
    this.#at += 1;
    return true;
  }

  #string(): string {
    const text = this.#text;
    const from = this.#at + 1;
    let at = from;
    for (let code = text.charCodeAt(at); code !== QUOTE; code = text.charCodeAt(at)) {
      // charCodeAt returns NaN after the end.
      if (code === BACKSLASH || code < 0x20 || code >= 0xd800 || Number.isNaN(code)) return this.#unusualString(at);
      at += 1;
      if (at - from > SHORT) return this.#longString(at);
    }
    this.#at = at + 1;
    return text.slice(from, at);
  }

  /** Parses the rest of a string that had nothing unusual so far. */
  #longString(at: number): string {
    const end = this.#text.indexOf('"', at);
    const string = this.#text.slice(this.#at + 1, end);
    if (end === -1 || UNUSUAL.test(string)) return this.#unusualString(at);
    this.#at = end + 1;
    return string;
  }

  /** Parses a string whose first unusual character is at `at`. */
  #unusualString(at: number): string {
    const text = this.#text;
    const start = this.#at;
    let end = at;
    for (let code = text.charCodeAt(end); code !== QUOTE; code = text.charCodeAt(end)) {
      if (code === BACKSLASH) end += 1;
      else if (Number.isNaN(code)) this.#fail('the string has no closing quote', start);
      end += 1;
    }
    const string = (end - start > SHORT ? parsed(text.slice(start, end + 1)) : undefined) ?? this.#unescaped(at, end);
    this.#at = end + 1;
    // Two escaped surrogates may have become a pair, so the whole string is checked.
    const problem = textProblem(string);
    if (problem !== undefined) this.#fail(problem, start);
    return string;
  }

  /** Parses the string up to `end` by character, so that an error message has the exact place. */
  #unescaped(at: number, end: number): string {
    const text = this.#text;
    let whole = this.#at + 1;
    let decoded = '';
    for (let next = at; next < end; next += 1) {
      const code = text.charCodeAt(next);
      if (code < 0x20) this.#fail('a control character in a string must be escaped', next);
      if (code !== BACKSLASH) continue;
      decoded += text.slice(whole, next);
      this.#at = next + 1;
      decoded += this.#escape();
      whole = this.#at;
      next = whole - 1;
    }
    return decoded + text.slice(whole, end);
  }

  /** Parses an escape; a surrogate pair of `\u` escapes forms when the strings are concatenated. */
  #escape(): string {
    const letter = this.#text[this.#at] ?? '';
    const simple = ESCAPES.get(letter);
    if (simple !== undefined) {
      this.#at += 1;
      return simple;
    }
    const digits = this.#text.slice(this.#at + 1, this.#at + 5);
    if (letter !== 'u' || !/^[\da-fA-F]{4}$/.test(digits)) this.#fail('unknown escape in a string', this.#at - 1);
    this.#at += 5;
    return String.fromCharCode(Number.parseInt(digits, 16));
  }

  #number(): number | Decimal {
    const start = this.#at;
    let at = start;
    while (isNumeric(this.#text.charCodeAt(at))) at += 1;
    if (at === start) this.#fail(at < this.#text.length ? 'expected a value' : 'unexpected end of the text');
    const number = numberFrom(this.#text.slice(start, at));
    if (number === undefined) this.#fail(`the number is out of range (${NUMBER_LIMITS})`);
    this.#at = at;
    return number;
  }

  #word<Value extends boolean | null>(word: string, value: Value): Value {
    if (!this.#text.startsWith(word, this.#at)) this.#fail('expected a value');
    this.#at += word.length;
    return value;
  }

  /** Skips white space and returns the code of the next character; NaN at the end. */
  #skipSpace(): number {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return code;
      this.#at += 1;
    }
  }

  #fail(reason: string, at: number = this.#at): never {
    throw malformed('JSON', reason, placeOf(this.#text, at));
  }
}

/** Returns the Failure for a body with too many values or names. */
export function tooMuch(most: number, what: string): Failure {
  return new Failure('too-large', `The body has more than ${most} ${what}: split it into several requests.`);
}

/** Accepts `0`–`9`, `+`, `-`, `.`, `e`, `E`; `numberFrom` decides whether they form a number. */
function isNumeric(code: number): boolean {
  if (code >= 0x30 && code <= 0x39) return true;
  return code === 0x2e || code === 0x2d || code === 0x2b || code === 0x65 || code === 0x45;
}

/** Parses a string with JSON.parse, which returns a flat string instead of a rope; undefined for an invalid one. */
function parsed(text: string): string | undefined {
  try {
    return String(JSON.parse(text));
  } catch {
    return undefined;
  }
}
