import { Decimal } from './value.ts';

/** FHIR R4 requires 18 significant digits. Much longer numbers are an attack on code that calculates with them. */
const LONGEST_NUMBER = 64;

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE]([+-]?\d+))?$/;

/** The range of a double: a larger exponent would be read as Infinity or 0. */
const LARGEST_EXPONENT = 308;

/** Explains why a number is refused, for an error message. */
export const NUMBER_LIMITS =
  `a number can have at most ${LONGEST_NUMBER} characters ` + `and an exponent within ±${LARGEST_EXPONENT}`;

/**
 * Parses a number from its JSON text (RFC 8259 §6): returns a JavaScript number if that renders to the same text,
 * otherwise a Decimal. Undefined if the text is not a number, or exceeds `NUMBER_LIMITS`.
 */
export function numberFrom(text: string): number | Decimal | undefined {
  const value = Number(text);
  if (String(value) === text && Number.isFinite(value)) return value;
  if (text.length > LONGEST_NUMBER || !Number.isFinite(value)) return undefined;
  const match = NUMBER.exec(text);
  if (match === null || Math.abs(Number(match[1] ?? 0)) > LARGEST_EXPONENT) return undefined;
  return new Decimal(text);
}
