import { ExplainError } from '../errors.ts';
import type { LinearModel } from '../model/linear-model.ts';
import type { FeatureRow } from '../model/tree-model.ts';

/** Mean and covariance of the features, as a background says them. */
export interface Moments {
  readonly mean: Float64Array;
  /** row-major, symmetric; division by the number of rows */
  readonly covariance: Float64Array;
}

/** @throws ExplainError EXPLAIN_BACKGROUND, FEATURE_COUNT, FEATURE_MISSING */
export function momentsOf(model: LinearModel, background: readonly FeatureRow[]): Moments {
  const features = model.featureNames.length;
  if (background.length === 0)
    throw new ExplainError('EXPLAIN_BACKGROUND', { got: '0 rows', want: 'at least one' });
  const mean = new Float64Array(features);
  for (const row of background) {
    model.predict(row);
    for (let j = 0; j < features; j++)
      mean[j] = (mean[j] ?? NaN) + (row[j] ?? NaN) / background.length;
  }
  const covariance = new Float64Array(features * features);
  for (const row of background)
    for (let i = 0; i < features; i++)
      for (let j = 0; j < features; j++)
        covariance[i * features + j] =
          (covariance[i * features + j] ?? NaN) +
          (((row[i] ?? NaN) - (mean[i] ?? NaN)) * ((row[j] ?? NaN) - (mean[j] ?? NaN))) /
            background.length;
  return { mean, covariance };
}
