import { Failure } from '../../resources/errors.ts';
import { instantTime } from '../../resources/validate/dates.ts';

/** The maximum number of entries per page. */
export const LARGEST_COUNT = 1000;

/** Parses `_count`, limited to LARGEST_COUNT. Throws `parameter` unless it is a positive whole number. */
export function countOf(value: string): number {
  if (!/^[1-9]\d{0,8}$/.test(value)) throw new Failure('parameter', '_count must be a whole number from 1.');
  return Math.min(Number(value), LARGEST_COUNT);
}

/** Parses an instant to milliseconds since the epoch. Throws `parameter` for anything else. */
export function instantOf(name: string, value: string): number {
  // In a query, the plus of a time zone reads as a space unless the caller encoded it.
  const time = instantTime(value.replace(' ', '+'));
  if (time === undefined) throw new Failure('parameter', `${name} must be an instant, such as 2026-01-31T12:00:00Z.`);
  return time;
}
