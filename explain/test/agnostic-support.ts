import { shapleyValues } from '../src/index.ts';
import type { Predict, PredictOptions, SampledExplainer } from '../src/index.ts';

export type Score = (row: ArrayLike<number>) => number;

export const predictBy =
  (score: Score): Predict =>
  (rows) =>
    rows.map(score);

/** Every coalition of all features, by definition: independent of the code that is judged. */
export function enumerated(
  score: Score,
  row: readonly number[],
  background: readonly (readonly number[])[],
  weights: readonly number[] = background.map(() => 1 / background.length),
): Float64Array {
  return shapleyValues(row.length, (mask) =>
    background.reduce(
      (sum, other, i) =>
        sum +
        (weights[i] ?? NaN) *
          score(other.map((value, j) => ((mask >> j) & 1 ? (row[j] ?? NaN) : value))),
      0,
    ),
  );
}

/** A function with interactions of up to `row.length` features. */
export const tangled: Score = (row) => {
  let [product, sum] = [1, 0];
  for (let i = 0; i < row.length; i++) {
    const value = row[i] ?? NaN;
    product *= 1 + value / 4;
    sum += (i % 3) * value + (i > 0 ? value * Math.max(0, (row[i - 1] ?? NaN) - 0.2) : 0);
  }
  return sum + product;
};

export type Opener = (
  predict: Predict,
  options: PredictOptions & {
    background: readonly (readonly number[])[];
    seed?: number;
    samples?: number;
    weights?: readonly number[];
  },
) => Promise<SampledExplainer>;
