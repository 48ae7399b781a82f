import { Failure } from '../../resources/errors.ts';
import { instantTime } from '../../resources/validate/dates.ts';

/** As many entries as a page has at the most. */
export const LARGEST_COUNT = 1000;

/** How many entries a page is to have, within the largest. Throws `parameter` for what is no whole number from 1. */
export function countOf(value: string): number {
  if (!/^[1-9]\d{0,8}$/.test(value)) throw new Failure('parameter', '_count takes a whole number from 1.');
  return Math.min(Number(value), LARGEST_COUNT);
}

/** The time of an instant, in milliseconds since the epoch. Throws `parameter` for anything else. */
export function instantOf(name: string, value: string): number {
  // In a query, the plus of a time zone reads as a space unless the caller encoded it.
  const time = instantTime(value.replace(' ', '+'));
  if (time === undefined) throw new Failure('parameter', `${name} takes an instant: 2026-01-31T12:00:00Z.`);
  return time;
}
