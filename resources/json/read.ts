import { NUMBER_LIMITS, numberFrom } from './number.ts';
import { malformed, placeOf } from './place.ts';
import { textProblem } from './text.ts';
import type { Decimal, Json, JsonObject } from './value.ts';

/** How deep arrays and objects may nest; the deepest examples that FHIR publishes stay below 30. */
export const MAX_DEPTH = 100;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;

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
 * number or a depth beyond the limits.
 */
export function readJson(text: string): Json {
  return new Reader(text).document();
}

class Reader {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): Json {
    if (this.#text.charCodeAt(0) === 0xfeff) this.#at = 1;
    const value = this.#value();
    this.#skipSpace();
    if (this.#at < this.#text.length) this.#fail('nothing may follow the value');
    return value;
  }

  #value(): Json {
    this.#skipSpace();
    switch (this.#text[this.#at]) {
      case '"':
        return this.#string();
      case '{':
        return this.#nested(() => this.#object());
      case '[':
        return this.#nested(() => this.#array());
      case 't':
        return this.#word('true', true);
      case 'f':
        return this.#word('false', false);
      case 'n':
        return this.#word('null', null);
      default:
        return this.#number();
    }
  }

  #nested<Value extends Json>(read: () => Value): Value {
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) this.#fail(`nested more than ${MAX_DEPTH} deep`);
    const value = read();
    this.#depth -= 1;
    return value;
  }

  #object(): JsonObject {
    const object: JsonObject = {};
    this.#at += 1;
    if (this.#closes('}')) return object;
    do {
      this.#skipSpace();
      const start = this.#at;
      if (this.#text.charCodeAt(start) !== QUOTE) this.#fail('expected a key in double quotes');
      const key = this.#string();
      if (key === '__proto__') this.#fail('the key "__proto__" is not taken', start);
      if (Object.hasOwn(object, key)) this.#fail(`the key ${JSON.stringify(key.slice(0, 64))} stands twice`, start);
      this.#skipSpace();
      if (this.#text[this.#at] !== ':') this.#fail('expected ":" after the key');
      this.#at += 1;
      object[key] = this.#value();
    } while (this.#continues('}'));
    return object;
  }

  #array(): Json[] {
    const array: Json[] = [];
    this.#at += 1;
    if (this.#closes(']')) return array;
    do array.push(this.#value());
    while (this.#continues(']'));
    return array;
  }

  #closes(bracket: string): boolean {
    this.#skipSpace();
    if (this.#text[this.#at] !== bracket) return false;
    this.#at += 1;
    return true;
  }

  /** After a member: true at a comma, false at the closing bracket. */
  #continues(bracket: string): boolean {
    if (this.#closes(bracket)) return false;
    if (this.#text.charCodeAt(this.#at) !== COMMA) this.#fail(`expected "," or "${bracket}"`);
    this.#at += 1;
    return true;
  }

  #string(): string {
    const start = this.#at;
    let from = start + 1;
    let at = from;
    let decoded = '';
    let suspect = false;
    for (;;) {
      const code = this.#text.charCodeAt(at);
      if (code === QUOTE) break;
      if (code === BACKSLASH) {
        decoded += this.#text.slice(from, at);
        this.#at = at + 1;
        decoded += this.#escape();
        from = this.#at;
        at = from;
        suspect = true;
        continue;
      }
      if (code < 0x20) this.#fail('a control character in a string must be escaped', at);
      if (at >= this.#text.length) this.#fail('the string has no closing quote', start);
      if (code >= 0xd800 && code <= 0xdfff) suspect = true;
      at += 1;
    }
    this.#at = at + 1;
    const string = decoded + this.#text.slice(from, at);
    // Only what was escaped or lies in the surrogates can be wrong: the others need no second look.
    const problem = suspect ? textProblem(string) : undefined;
    if (problem !== undefined) this.#fail(problem, start);
    return string;
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

  #skipSpace(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      this.#at += 1;
    }
  }

  #fail(reason: string, at: number = this.#at): never {
    throw malformed('JSON', reason, placeOf(this.#text, at));
  }
}

/** One of `0`–`9`, `+`, `-`, `.`, `e`, `E`: whether they make a number is for `numberFrom` to say. */
function isNumeric(code: number): boolean {
  if (code >= 0x30 && code <= 0x39) return true;
  return code === 0x2e || code === 0x2d || code === 0x2b || code === 0x65 || code === 0x45;
}
