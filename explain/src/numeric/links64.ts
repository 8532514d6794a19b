import { expFloat64 } from './exp64.ts';
import { log1pFloat64 } from './log64.ts';

/** 1 / (1 + e^-kx) in float64. */
export function sigmoid(x: number, k = 1): number {
  return 1 / (1 + expFloat64(-k * x));
}

/** e^x over the sum of all, in float64. */
export function softmax(margins: readonly number[]): number[] {
  const largest = Math.max(...margins);
  const terms = margins.map((margin) => expFloat64(margin - largest));
  const total = terms.reduce((sum, term) => sum + term, 0);
  return terms.map((term) => term / total);
}

/** ln(1 + e^x) in float64. */
export function softplus(x: number): number {
  return Math.max(x, 0) + log1pFloat64(expFloat64(-Math.abs(x)));
}
