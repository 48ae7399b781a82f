import { Decimal } from './value.ts';

/** FHIR R4 asks for 18 significant digits; more than this is an attack on whoever does arithmetic with it. */
const LONGEST_NUMBER = 64;

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE]([+-]?\d+))?$/;

/** What a double can hold: an exponent beyond it would read as Infinity, or as 0. */
const LARGEST_EXPONENT = 308;

/** Why a number is refused, to be put after the place. */
export const NUMBER_LIMITS =
  `a number has at most ${LONGEST_NUMBER} characters ` + `and an exponent within ±${LARGEST_EXPONENT}`;

/**
 * A number from its JSON text (RFC 8259 §6): a JavaScript number where that gives the same text back,
 * otherwise a Decimal. Undefined where the text is not a number, or is one beyond `NUMBER_LIMITS`.
 */
export function numberFrom(text: string): number | Decimal | undefined {
  const value = Number(text);
  if (String(value) === text && Number.isFinite(value)) return value;
  if (text.length > LONGEST_NUMBER || !Number.isFinite(value)) return undefined;
  const match = NUMBER.exec(text);
  if (match === null || Math.abs(Number(match[1] ?? 0)) > LARGEST_EXPONENT) return undefined;
  return new Decimal(text);
}
