import { Decimal, isObject, type Json, type JsonObject } from './value.ts';

/**
 * Returns true if two values are equal: the order of keys does not matter, that of arrays does. Numbers compare by
 * their digits, so 2.30 is not 2.3 (FHIR R4 §2.24.0.1: precision is significant).
 */
export function equalJson(left: Json, right: Json): boolean {
  return equal(left, right, (one, other) => one === other);
}

/** Returns the keys whose values differ by `equalJson`, including those that only one object has. */
export function differences(left: JsonObject, right: JsonObject): string[] {
  const keys = Object.keys(left).filter((key) => !Object.hasOwn(right, key));
  for (const key of Object.keys(right)) {
    if (!Object.hasOwn(left, key) || !equalJson(left[key] as Json, right[key] as Json)) keys.push(key);
  }
  return keys;
}

/** Like `equalJson`, but numbers compare by value: 2.30 equals 2.3 (RFC 6902 §4.6). */
export function equalValues(left: Json, right: Json): boolean {
  return equal(left, right, (one, other) => plainDigits(one) === plainDigits(other));
}

function equal(left: Json, right: Json, sameNumber: (one: string, other: string) => boolean): boolean {
  if (left === right) return true;
  // What remains are unequal strings, and numbers, arrays and objects.
  if (typeof left === 'string' || typeof right === 'string') return false;
  if (isNumber(left) && isNumber(right)) return sameNumber(String(left), String(right));
  if (Array.isArray(left)) {
    if (!Array.isArray(right) || left.length !== right.length) return false;
    for (let at = 0; at < left.length; at += 1) {
      if (!equal(left[at] as Json, right[at] as Json, sameNumber)) return false;
    }
    return true;
  }
  if (!isObject(left) || !isObject(right)) return false;
  let count = 0;
  for (const key in left) {
    count += 1;
    // JSON values are never undefined. A value here is the object's own or an inherited one, which is checked below.
    const other = right[key];
    if (other === undefined || !equal(left[key] as Json, other, sameNumber)) return false;
    if (!Object.hasOwn(right, key)) return false;
  }
  return Object.keys(right).length === count;
}

function isNumber(value: Json): value is number | Decimal {
  return typeof value === 'number' || value instanceof Decimal;
}

/** Returns a canonical text of a number: its significant digits and their exponent. */
function plainDigits(text: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = NUMBER.exec(text) ?? [];
  const digits = (whole + fraction).replace(/^0+/, '');
  const significant = digits.replace(/0+$/, '');
  if (significant === '') return '0';
  return `${sign}${significant}e${Number(exponent) - fraction.length + digits.length - significant.length}`;
}

const NUMBER = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;
