/** Two-sided 95 % point of the standard normal distribution. */
const Z = 1.959963984540054;

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** A number and its 95 % interval; null where there are too few rows to know one. */
export interface Estimate {
  readonly value: number;
  readonly interval: Interval | null;
}

/** Wilson's score interval of a share (Wilson 1927). */
export function wilson(successes: number, n: number): Interval {
  const p = successes / n;
  const spread = Z * Math.sqrt((p * (1 - p)) / n + (Z * Z) / (4 * n * n));
  const middle = p + (Z * Z) / (2 * n);
  const scale = 1 + (Z * Z) / n;
  return {
    low: successes === 0 ? 0 : (middle - spread) / scale,
    high: successes === n ? 1 : (middle + spread) / scale,
  };
}

/** Difference of two shares with Newcombe's hybrid score interval (Newcombe 1998, method 10). */
export function shareDifference(a: number, n: number, b: number, m: number): Estimate {
  const [p, q] = [a / n, b / m];
  const [one, two] = [wilson(a, n), wilson(b, m)];
  const value = p - q;
  return {
    value,
    interval: {
      low: value - length(p - one.low, two.high - q),
      high: value + length(one.high - p, q - two.low),
    },
  };
}

/** Not Math.hypot, whose last digit differs between engines. */
function length(x: number, y: number): number {
  return Math.sqrt(x * x + y * y);
}

/** Sums of a sample, from which mean and variance follow. */
export interface Moments {
  readonly n: number;
  readonly mean: number;
  /** unbiased; NaN for one value */
  readonly variance: number;
}

export function momentsOf(values: Float64Array): Moments {
  const n = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { n, mean, variance: squares / (n - 1) };
}

/** Difference of two means with the normal interval of unequal variances; rough below some 30 rows a side. */
export function meanDifference(a: Moments, b: Moments): Estimate {
  const value = a.mean - b.mean;
  if (a.n < 2 || b.n < 2) return { value, interval: null };
  const spread = Z * Math.sqrt(a.variance / a.n + b.variance / b.n);
  return { value, interval: { low: value - spread, high: value + spread } };
}
