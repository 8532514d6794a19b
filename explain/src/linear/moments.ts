import { ExplainError } from '../errors.ts';
import type { LinearModel } from '../model/linear-model.ts';
import type { FeatureRow } from '../model/tree-model.ts';

/** Means of the features over a background. @throws ExplainError EXPLAIN_BACKGROUND, FEATURE_COUNT, FEATURE_MISSING */
export function meansOf(model: LinearModel, background: readonly FeatureRow[]): Float64Array {
  const features = model.featureNames.length;
  if (background.length === 0)
    throw new ExplainError('EXPLAIN_BACKGROUND', { got: '0 rows', want: 'at least one' });
  const mean = new Float64Array(features);
  for (const row of background) {
    model.predict(row);
    for (let j = 0; j < features; j++)
      mean[j] = (mean[j] ?? NaN) + (row[j] ?? NaN) / background.length;
  }
  return mean;
}

/** Covariance of the features, row-major and symmetric; division by the number of rows. */
export function covarianceOf(mean: Float64Array, background: readonly FeatureRow[]): Float64Array {
  const features = mean.length;
  const covariance = new Float64Array(features * features);
  for (const row of background)
    for (let i = 0; i < features; i++)
      for (let j = 0; j < features; j++)
        covariance[i * features + j] =
          (covariance[i * features + j] ?? NaN) +
          (((row[i] ?? NaN) - (mean[i] ?? NaN)) * ((row[j] ?? NaN) - (mean[j] ?? NaN))) /
            background.length;
  return covariance;
}
