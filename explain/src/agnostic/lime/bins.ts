import { expFloat64 } from '../../numeric/exp64.ts';

/** One range of a feature's values, as the training rows fill it. */
export interface Bin {
  /** values above this, … */
  readonly above: number;
  /** … up to and with this */
  readonly atMost: number;
  /** share of this bin and of those below it */
  readonly upTo: number;
  /** quantiles of a normal distribution with the bin's mean and deviation, cut off at its ends, at equal steps */
  readonly quantiles: Float64Array;
}

const QUANTILES = 1024;
const GRID = 2048;
/** lime's, so that a bin of one value has a deviation. */
const LEAST_DEVIATION = 1e-11;

/**
 * lime's discretizer: bins between percentiles of the training rows, each open below and closed above. Bins without rows
 * are never drawn.
 *
 * @param values finite; at least one
 * @param parts 4 for quartiles, 10 for deciles
 */
export function binsOf(values: ArrayLike<number>, parts: number): Bin[] {
  const sorted = Float64Array.from(values).sort();
  const inner = Array.from({ length: parts - 1 }, (_, i) => percentile(sorted, (i + 1) / parts));
  const borders = [...new Set(inner)];
  const [least, most] = [sorted[0] as number, sorted[sorted.length - 1] as number];
  let below = 0;
  return [...borders, Infinity].map((atMost, i) => {
    const above = borders[i - 1] ?? -Infinity;
    const own = sorted.filter((value) => value > above && value <= atMost);
    below += own.length;
    const from = i === 0 ? least : above;
    const to = i === borders.length ? most : atMost;
    return { above, atMost, upTo: below / sorted.length, quantiles: quantilesOf(own, from, to) };
  });
}

export function binOf(bins: readonly Bin[], value: number): number {
  const found = bins.findIndex(({ atMost }) => value <= atMost);
  return found < 0 ? bins.length - 1 : found;
}

/** As numpy's: linear between the two nearest. */
function percentile(sorted: Float64Array, share: number): number {
  const place = share * (sorted.length - 1);
  const low = Math.floor(place);
  const a = sorted[low] as number;
  const b = sorted[Math.min(low + 1, sorted.length - 1)] as number;
  const part = place - low;
  const step = b - a;
  return part >= 0.5 ? b - step * (1 - part) : a + step * part;
}

/** Of no rows: lime takes mean 0 there, and never draws from it. */
function quantilesOf(own: Float64Array, from: number, to: number): Float64Array {
  const quantiles = new Float64Array(QUANTILES + 1).fill(from);
  if (own.length === 0 || !(from < to)) return quantiles;
  const mean = own.reduce((sum, value) => sum + value, 0) / own.length;
  const squares = own.reduce((sum, value) => sum + (value - mean) * (value - mean), 0);
  const deviation = Math.sqrt(squares / own.length) + LEAST_DEVIATION;
  if (deviation * GRID < to - from) return quantiles.fill(mean);
  const step = (to - from) / GRID;
  const sums = new Float64Array(GRID + 1);
  for (let i = 0; i < GRID; i++) {
    const z = (from + (i + 0.5) * step - mean) / deviation;
    sums[i + 1] = (sums[i] as number) + expFloat64(-(z * z) / 2);
  }
  const total = sums[GRID] as number;
  let cell = 0;
  for (let i = 0; i <= QUANTILES; i++) {
    const wanted = (total * i) / QUANTILES;
    while (cell < GRID - 1 && (sums[cell + 1] as number) < wanted) cell++;
    const inside = (sums[cell + 1] as number) - (sums[cell] as number);
    const part = inside === 0 ? 0 : (wanted - (sums[cell] as number)) / inside;
    quantiles[i] = Math.min(to, from + (cell + part) * step);
  }
  return quantiles;
}

/** The value at a share of [0, 1) of the bin. */
export function valueAt({ quantiles }: Bin, share: number): number {
  const place = Math.min(share * QUANTILES, QUANTILES - 1e-9);
  const low = Math.floor(place);
  const a = quantiles[low] as number;
  return a + ((quantiles[low + 1] as number) - a) * (place - low);
}
