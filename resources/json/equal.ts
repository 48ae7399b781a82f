import { Decimal, isObject, type Json, type JsonObject } from './value.ts';

/**
 * True when two values are the same: the order of keys does not matter, that of arrays does, and numbers are
 * compared by their digits, so that 2.30 is not 2.3 (FHIR R4 §2.24.0.1: precision is significant).
 */
export function equalJson(left: Json, right: Json): boolean {
  return equal(left, right, (one, other) => one === other);
}

/** The keys at which two objects differ, by `equalJson`: those that only one of them has are among them. */
export function differences(left: JsonObject, right: JsonObject): string[] {
  const keys = Object.keys(left).filter((key) => !Object.hasOwn(right, key));
  for (const key of Object.keys(right)) {
    if (!Object.hasOwn(left, key) || !equalJson(left[key] as Json, right[key] as Json)) keys.push(key);
  }
  return keys;
}

/** As `equalJson`, but numbers are compared by their value: 2.30 is 2.3 (RFC 6902 §4.6). */
export function equalValues(left: Json, right: Json): boolean {
  return equal(left, right, (one, other) => plainDigits(one) === plainDigits(other));
}

function equal(left: Json, right: Json, sameNumber: (one: string, other: string) => boolean): boolean {
  if (left === right) return true;
  if (isNumber(left) && isNumber(right)) return sameNumber(String(left), String(right));
  if (Array.isArray(left)) {
    if (!Array.isArray(right) || left.length !== right.length) return false;
    return left.every((item, index) => equal(item, right[index] as Json, sameNumber));
  }
  if (!isObject(left) || !isObject(right)) return false;
  const keys = Object.keys(left);
  if (keys.length !== Object.keys(right).length) return false;
  return keys.every((key) => Object.hasOwn(right, key) && equal(left[key] as Json, right[key] as Json, sameNumber));
}

function isNumber(value: Json): value is number | Decimal {
  return typeof value === 'number' || value instanceof Decimal;
}

/** One text for every way to write a number: its digits without zeros around them, and their exponent. */
function plainDigits(text: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = NUMBER.exec(text) ?? [];
  const digits = (whole + fraction).replace(/^0+/, '');
  const significant = digits.replace(/0+$/, '');
  if (significant === '') return '0';
  return `${sign}${significant}e${Number(exponent) - fraction.length + digits.length - significant.length}`;
}

const NUMBER = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;
