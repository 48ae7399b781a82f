import { Failure } from '../errors.ts';
import { NUMBER_LIMITS, numberFrom } from './number.ts';
import { malformed, placeOf } from './place.ts';
import { textProblem } from './text.ts';
import type { Decimal, Json, JsonObject } from './value.ts';

/** How deep arrays and objects may nest; the deepest examples that FHIR publishes stay below 30. */
export const MAX_DEPTH = 100;

/**
 * How much may be in a text. What is sent takes memory and time by its values and their names, not by its bytes: a
 * megabyte of `[]` has thirty times as many as one of resources.
 */
export interface JsonBounds {
  /** Objects, arrays, strings, numbers and words. */
  values: number;
  /** Different names of members. */
  names: number;
}

/** More than any text has. */
const UNBOUNDED: JsonBounds = { values: 2 ** 30, names: 2 ** 30 };
/** The least that a member takes: `"":1,`. A text needs so many characters for each of its names. */
const SHORTEST_MEMBER = 5;

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const ARRAY = 0x5b;
const ARRAY_END = 0x5d;
const OBJECT = 0x7b;
const OBJECT_END = 0x7d;

/** So many characters of a string are looked at one by one; through what is longer, the engine is faster. */
const SHORT = 64;
/** What a string has escaped, or must not have, or what needs a second look. */
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
 * Reads a JSON text (RFC 8259) and keeps the digits of its numbers, which `JSON.parse` does not.
 * A leading byte order mark is skipped. Throws `malformed` with line and column for a syntax error, and for what
 * the RFC leaves open and Ward does not take: a key twice, the key `__proto__`, NUL, half a surrogate pair, a
 * number or a depth beyond the limits. Throws `too-large` for what is beyond the bounds.
 */
export function readJson(text: string, bounds: JsonBounds = UNBOUNDED): Json {
  return new Reader(text, bounds).document();
}

class Reader {
  readonly #text: string;
  readonly #bounds: JsonBounds;
  /** The names so far, where there could be too many. */
  readonly #names: Set<string> | undefined;
  #at = 0;
  #depth = 0;
  /** Values that may still come. */
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
    if (this.#at < this.#text.length) this.#fail('nothing may follow the value');
    return value;
  }

  /** The value that begins here, with this character. */
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
      if (key === '__proto__') this.#fail('the key "__proto__" is not taken', start);
      // What was read is never undefined, and what any object has is not its own.
      const isTwice = object[key] !== undefined && Object.hasOwn(object, key);
      if (isTwice) this.#fail(`the key ${JSON.stringify(key.slice(0, 64))} stands twice`, start);
      if (this.#names !== undefined) this.#count(key, this.#names);
      if (this.#skipSpace() !== COLON) this.#fail('expected ":" after the key');
      this.#at += 1;
      object[key] = this.#value(this.#skipSpace());
    } while (this.#continues(OBJECT_END));
    return object;
  }

  /** Objects of very many shapes, or with very many members, cost far more than their values do. */
  #count(name: string, names: Set<string>): void {
    names.add(name);
    if (names.size > this.#bounds.names) throw tooMuch(this.#bounds.names, 'different names of members');
  }

  #array(): Json[] {
    if (this.#isEmpty(ARRAY_END)) return [];
    // An empty array that is added to takes room for seventeen at once, and most have one.
    const array = [this.#value(this.#skipSpace())];
    while (this.#continues(ARRAY_END)) array.push(this.#value(this.#skipSpace()));
    return array;
  }

  /** Behind the opening bracket of an array or an object: true where the closing one follows. */
  #isEmpty(end: number): boolean {
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) this.#fail(`nested more than ${MAX_DEPTH} deep`);
    this.#at += 1;
    return this.#skipSpace() === end && this.#leave();
  }

  /** After a member: true at a comma, false at the closing bracket. */
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
      // Behind the end there is no code at all.
      if (code === BACKSLASH || code < 0x20 || code >= 0xd800 || Number.isNaN(code)) return this.#unusualString(at);
      at += 1;
      if (at - from > SHORT) return this.#longString(at);
    }
    this.#at = at + 1;
    return text.slice(from, at);
  }

  /** The rest of a string, from where nothing was unusual before. */
  #longString(at: number): string {
    const end = this.#text.indexOf('"', at);
    const string = this.#text.slice(this.#at + 1, end);
    if (end === -1 || UNUSUAL.test(string)) return this.#unusualString(at);
    this.#at = end + 1;
    return string;
  }

  /** A string with something unusual at `at`: what is before it, is not. */
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
    // Halves of a pair may have found each other.
    const problem = textProblem(string);
    if (problem !== undefined) this.#fail(problem, start);
    return string;
  }

  /** The string until `end`, one character after the other: whoever has made a mistake learns where. */
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

  /** The character of an escape; a pair of `\u` escapes meets when their halves are joined. */
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
    if (at === start) this.#fail(at < this.#text.length ? 'expected a value' : 'the text ends too early');
    const number = numberFrom(this.#text.slice(start, at));
    if (number === undefined) this.#fail(`not a number that can be kept (${NUMBER_LIMITS})`);
    this.#at = at;
    return number;
  }

  #word<Value extends boolean | null>(word: string, value: Value): Value {
    if (!this.#text.startsWith(word, this.#at)) this.#fail('expected a value');
    this.#at += word.length;
    return value;
  }

  /** Goes to the next character that is no space, and gives its code: NaN at the end. */
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

/** The failure of a body that has too much of something. */
export function tooMuch(most: number, what: string): Failure {
  return new Failure('too-large', `The body has more than ${most} ${what}: send it in several.`);
}

/** One of `0`–`9`, `+`, `-`, `.`, `e`, `E`: whether they make a number is for `numberFrom` to say. */
function isNumeric(code: number): boolean {
  if (code >= 0x30 && code <= 0x39) return true;
  return code === 0x2e || code === 0x2d || code === 0x2b || code === 0x65 || code === 0x45;
}

/** What the engine makes of the text of a string, at once and not as a rope of parts; undefined for a faulty one. */
function parsed(text: string): string | undefined {
  try {
    return String(JSON.parse(text));
  } catch {
    return undefined;
  }
}
