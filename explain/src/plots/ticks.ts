import { exponentOf } from './numbers.ts';

/** Where a step of 1 times a power of ten gives way to 2, 5 and the next power: geometric means, as in d3. */
const [TO_TWO, TO_FIVE, TO_TEN] = [Math.sqrt(2), Math.sqrt(10), Math.sqrt(50)];

/**
 * Round numbers from `low` to `high`: about `count` of them, in steps of 1, 2 or 5 times a power of ten. The ticks of d3-array (`ticks`), but
 * with powers of ten that are read from their spelling: d3 asks Math.log10 and Math.pow, whose last digit each engine may choose, and
 * with it the bytes of a plot.
 *
 * @param low   at most `high`, both finite
 * @returns ascending; one number where both are the same
 */
export function ticksBetween(low: number, high: number, count: number): number[] {
  if (low === high) return [low];
  const step = (high - low) / count;
  const power = exponentOf(step);
  const share = step / tenTo(power);
  const factor = share >= TO_TEN ? 10 : share >= TO_FIVE ? 5 : share >= TO_TWO ? 2 : 1;
  // Below 1 the ticks are whole numbers divided: 3 / 10 is 0.3, three times 0.1 is not.
  const [multiply, divide] = power < 0 ? [1, tenTo(-power) / factor] : [tenTo(power) * factor, 1];
  const value = (place: number): number => (place * multiply) / divide;
  let first = Math.round((low * divide) / multiply);
  let last = Math.round((high * divide) / multiply);
  if (value(first) < low) first++;
  if (value(last) > high) last--;
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => value(first + i));
}

function tenTo(power: number): number {
  return Number(`1e${power}`);
}
