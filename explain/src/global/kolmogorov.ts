import { expFloat64 } from '../numeric/exp64.ts';

export interface KolmogorovSmirnov {
  /** largest distance of the two empirical distribution functions */
  readonly statistic: number;
  /** probability of at least this distance without drift, by the limiting distribution: rough below some 30 rows a side */
  readonly pValue: number;
}

/** Two-sample Kolmogorov-Smirnov test of ascending values; null when a side has none. */
export function kolmogorovSmirnov(a: Float64Array, b: Float64Array): KolmogorovSmirnov | null {
  if (a.length === 0 || b.length === 0) return null;
  let statistic = 0;
  for (let i = 0, j = 0; i < a.length && j < b.length;) {
    const value = Math.min(a[i] as number, b[j] as number);
    while (a[i] === value) i++;
    while (b[j] === value) j++;
    statistic = Math.max(statistic, Math.abs(i / a.length - j / b.length));
  }
  const effective = (a.length * b.length) / (a.length + b.length);
  return { statistic, pValue: kolmogorovTail(Math.sqrt(effective) * statistic) };
}

/** P(K > x) of Kolmogorov's limiting distribution: two series, each where it converges at once. */
export function kolmogorovTail(x: number): number {
  if (x <= 0) return 1;
  if (x < 1) {
    let sum = 0;
    for (let k = 1; k <= 7; k += 2) sum += expFloat64((-k * k * Math.PI * Math.PI) / (8 * x * x));
    return Math.min(1, Math.max(0, 1 - (Math.sqrt(2 * Math.PI) / x) * sum));
  }
  let sum = 0;
  for (let k = 1; k <= 6; k++) sum += (k % 2 === 1 ? 1 : -1) * expFloat64(-2 * k * k * x * x);
  return Math.min(1, Math.max(0, 2 * sum));
}
