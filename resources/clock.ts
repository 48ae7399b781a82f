/** Time and randomness are passed in, so that a test can set the clock and repeat a run. */

/** Milliseconds since the Unix epoch. */
export type Clock = () => number;

/** Returns `size` random bytes from a cryptographic source. */
export type RandomBytes = (size: number) => Buffer;

/**
 * Returns true if less than `milliseconds` have passed since a time. A time in the future means that the clock was set
 * back by an unknown amount: it counts as long past.
 */
export function isWithin(clock: Clock, since: number, milliseconds: number): boolean {
  const age = clock() - since;
  return age >= 0 && age < milliseconds;
}
