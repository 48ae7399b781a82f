/**
 * Dates and times of FHIR R4 (https://hl7.org/fhir/R4/datatypes.html#date): they must exist in the Gregorian calendar.
 */

const DATE = /^(\d{4})(?:-(\d\d)(?:-(\d\d))?)?$/;
const TIME = /^(?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?$/;
/** The time of day of a dateTime, which always has a time zone. */
const ZONED_TIME = /^(?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?(?:Z|[+-](?:(?:0\d|1[0-3]):[0-5]\d|14:00))$/;
const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const FULL_DATE = 10;
/** The largest UTC offset in use, in milliseconds. */
const FURTHEST_ZONE = 14 * 3_600_000;

/** Accepts `2024`, `2024-02` or `2024-02-29`. */
export function isDate(text: string): boolean {
  const match = DATE.exec(text);
  if (match === null) return false;
  const [, year = '', month, day] = match;
  if (year === '0000') return false;
  if (month === undefined) return true;
  const length = daysIn(Number(year), Number(month));
  return day === undefined ? length > 0 : Number(day) >= 1 && Number(day) <= length;
}

/** Accepts a date, or a full date with a time in seconds and a time zone: `2024-02-29T23:59:60.5+14:00`. */
export function isDateTime(text: string): boolean {
  return text.charAt(FULL_DATE) === 'T' ? isInstant(text) : isDate(text);
}

/** Accepts a full date with a time in seconds and a time zone. */
export function isInstant(text: string): boolean {
  return (
    text.charAt(FULL_DATE) === 'T' && isDate(text.slice(0, FULL_DATE)) && ZONED_TIME.test(text.slice(FULL_DATE + 1))
  );
}

/** Returns an instant in milliseconds since the epoch; undefined for other text. */
export function instantTime(text: string): number | undefined {
  return isInstant(text) ? milliseconds(text) : undefined;
}

/** Accepts a time of day without a time zone: `23:59:60.5`. */
export function isTime(text: string): boolean {
  return TIME.test(text);
}

/**
 * Returns true if one date or dateTime is certainly later than another: `2024-03` is later than `2024-02-29`, but not
 * than `2024-03-01` (https://hl7.org/fhirpath/N1/#greater-than). False if one of them is malformed.
 */
export function isAfter(one: string, other: string): boolean {
  if (!isDateTime(one) || !isDateTime(other)) return false;
  const timed = [one, other].filter((text) => text.length > FULL_DATE).length;
  if (timed === 2) return isLater(one, other);
  if (timed === 0) {
    const length = Math.min(one.length, other.length);
    return one.slice(0, length) > other.slice(0, length);
  }
  return earliest(one) > latest(other);
}

/** True if a moment is later than another; within one millisecond the remaining digits decide. */
function isLater(one: string, other: string): boolean {
  const apart = milliseconds(one) - milliseconds(other);
  if (apart !== 0) return apart > 0;
  const [first, second] = [fraction(one), fraction(other)];
  const length = Math.max(first.length, second.length);
  return first.padEnd(length, '0') > second.padEnd(length, '0');
}

/** Returns the digits of the fraction of a second. */
function fraction(moment: string): string {
  return /\.(\d+)/.exec(moment)?.[1] ?? '';
}

function earliest(text: string): number {
  return text.length > FULL_DATE ? milliseconds(text) : Date.parse(text) - FURTHEST_ZONE;
}

function latest(text: string): number {
  if (text.length > FULL_DATE) return milliseconds(text);
  const [year = '', month, day] = text.split('-');
  const next =
    day !== undefined
      ? Date.UTC(Number(year), Number(month) - 1, Number(day) + 1)
      : Date.UTC(Number(year) + (month === undefined ? 1 : 0), month === undefined ? 0 : Number(month), 1);
  return next + FURTHEST_ZONE;
}

/** JavaScript does not support leap seconds. */
function milliseconds(text: string): number {
  return Date.parse(text.replace(':60', ':59'));
}

function daysIn(year: number, month: number): number {
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return month === 2 && leap ? 29 : (DAYS[month - 1] ?? 0);
}
