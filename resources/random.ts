import { randomBytes } from 'node:crypto';
import type { RandomBytes } from './clock.ts';

const DRAWN = 4096;

/**
 * Returns random bytes from the operating system, drawn in large portions: a draw costs more than its bytes, and each
 * new resource and token needs some. Bytes that were handed out are erased from the buffer.
 */
export function drawnRandom(): RandomBytes {
  let drawn = Buffer.alloc(0);
  return (size) => {
    if (size > drawn.length) drawn = randomBytes(Math.max(size, DRAWN));
    const given = Buffer.from(drawn.subarray(0, size));
    drawn.fill(0, 0, size);
    drawn = drawn.subarray(size);
    return given;
  };
}
