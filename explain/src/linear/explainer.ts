import type { LinearModel } from '../model/linear-model.ts';
import type { FeatureRow } from '../model/tree-model.ts';
import { assertAdditive } from '../shapley/explanation.ts';
import type { Explainer } from '../shapley/explanation.ts';
import { EXPLAIN_VERSION } from '../version.ts';
import { conditionalTransform } from './conditional.ts';
import { momentsOf } from './moments.ts';

export interface LinearExplainerOptions {
  /**
   * `interventional`: features move one by one, φ_j = w_j (x_j − mean_j). `correlation-dependent`: what is unknown is
   * expected given what is known, by the covariance of the background.
   */
  readonly perturbation: 'interventional' | 'correlation-dependent';
  /** reference rows without missing values, at least one */
  readonly background: readonly FeatureRow[];
}

/**
 * Exact SHAP values of a linear model in margin units, as shap's
 * `LinearExplainer(model, masker, feature_perturbation=…)`, there sampled for correlated features.
 *
 * @throws ExplainError EXPLAIN_BACKGROUND, EXPLAIN_TOO_WIDE (more than 15 features correlated with each other), FEATURE_COUNT,
 * FEATURE_MISSING
 */
export function linearExplainer(model: LinearModel, options: LinearExplainerOptions): Explainer {
  const { mean, covariance } = momentsOf(model, options.background);
  const isIndependent = options.perturbation === 'interventional';
  const transforms = model.coefficients.map((weights) =>
    isIndependent ? null : conditionalTransform(weights, covariance),
  );
  const facts = {
    method: options.perturbation,
    kernel: isIndependent ? 'ts-linear/1' : 'ts-linear-conditional/1',
    version: EXPLAIN_VERSION,
    outputSpace: 'margin',
    coverSource: 'none',
  } as const;
  const base = model.predict(mean).score;
  return {
    ...facts,
    baseValue: Float64Array.from(base),
    tableBytes: transforms.reduce((sum, table) => sum + (table?.byteLength ?? 0), 0),
    explain: (row) => {
      const prediction = model.predict(row);
      const moved = mean.map((value, j) => (row[j] ?? NaN) - value);
      const attributions = model.coefficients.map((weights, output) =>
        attribute(weights, transforms[output] ?? null, moved),
      );
      const additivityError = assertAdditive(base, attributions, prediction.score);
      return { ...prediction, ...facts, baseValue: [...base], attributions, additivityError };
    },
  };
}

function attribute(
  weights: Float64Array,
  transform: Float64Array | null,
  moved: Float64Array,
): Float64Array {
  if (transform === null) return weights.map((weight, j) => weight * (moved[j] ?? NaN));
  return weights.map((_, j) => {
    let sum = 0;
    for (let i = 0; i < moved.length; i++)
      sum += (transform[j * moved.length + i] ?? NaN) * (moved[i] ?? NaN);
    return sum;
  });
}
