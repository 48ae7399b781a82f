/** The time and the randomness of a server are passed in, so that a test can turn the clock and repeat a run. */

/** Milliseconds since the Unix epoch. */
export type Clock = () => number;

/** `size` bytes from a cryptographic source. */
export type RandomBytes = (size: number) => Buffer;
