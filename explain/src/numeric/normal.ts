import { logFloat64 } from './log64.ts';
import type { Random } from './random.ts';

/** A number of the standard normal distribution (Marsaglia's polar method): the same bits on every engine. */
export function standardNormal(random: Random): number {
  for (;;) {
    const u = 2 * random() - 1;
    const v = 2 * random() - 1;
    const square = u * u + v * v;
    if (square > 0 && square < 1) return u * Math.sqrt((-2 * logFloat64(square)) / square);
  }
}
