/** The time and the randomness of a server are passed in, so that a test can turn the clock and repeat a run. */

/** Milliseconds since the Unix epoch. */
export type Clock = () => number;

/** `size` bytes from a cryptographic source. */
export type RandomBytes = (size: number) => Buffer;

/**
 * Says whether less than so many milliseconds have passed since a moment. One that is yet to come is of before the
 * clock was set back, nobody knows by how much: it is taken for long past.
 */
export function isWithin(clock: Clock, since: number, milliseconds: number): boolean {
  const age = clock() - since;
  return age >= 0 && age < milliseconds;
}
