import { randomBytes } from 'node:crypto';
import type { RandomBytes } from './clock.ts';

const DRAWN = 4096;

/**
 * Random bytes of the system, drawn many at a time: to draw costs more than what is drawn, and each new resource and
 * each token needs some. What was given is not kept.
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
