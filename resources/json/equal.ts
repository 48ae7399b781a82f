import { Decimal, isObject, type Json } from './value.ts';

/**
 * True when two values are the same: the order of keys does not matter, that of arrays does, and numbers are
 * compared by their digits, so that 2.30 is not 2.3 (FHIR R4 §2.24.0.1: precision is significant).
 */
export function equalJson(left: Json, right: Json): boolean {
  if (left === right) return true;
  if (isNumber(left) && isNumber(right)) return String(left) === String(right);
  if (Array.isArray(left)) {
    if (!Array.isArray(right) || left.length !== right.length) return false;
    return left.every((item, index) => equalJson(item, right[index] as Json));
  }
  if (!isObject(left) || !isObject(right)) return false;
  const keys = Object.keys(left);
  if (keys.length !== Object.keys(right).length) return false;
  return keys.every((key) => Object.hasOwn(right, key) && equalJson(left[key] as Json, right[key] as Json));
}

function isNumber(value: Json): value is number | Decimal {
  return typeof value === 'number' || value instanceof Decimal;
}
