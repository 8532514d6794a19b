import { createExplainer } from '../batch/engine.ts';
import { asBackground, backgroundFacts } from '../model/hash.ts';
import type { Background } from '../model/hash.ts';
import { linearMarginInto } from '../model/linear-model.ts';
import type { LinearModel } from '../model/linear-model.ts';
import type { FeatureRow } from '../model/tree-model.ts';
import { outputSpaceOf } from '../shapley/explanation.ts';
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
  readonly background: Background | readonly FeatureRow[];
}

/**
 * Exact SHAP values of a linear model in margin units, as shap's
 * `LinearExplainer(model, masker, feature_perturbation=…)`, there sampled for correlated features.
 *
 * @throws ExplainError EXPLAIN_BACKGROUND, EXPLAIN_TOO_WIDE (more than 15 features correlated with each other), FEATURE_COUNT,
 * FEATURE_MISSING
 */
export function linearExplainer(model: LinearModel, options: LinearExplainerOptions): Explainer {
  const background = asBackground(options.background);
  const { mean, covariance } = momentsOf(model, background.rows);
  const isIndependent = options.perturbation === 'interventional';
  const transforms = model.coefficients.map((weights) =>
    isIndependent ? null : conditionalTransform(weights, covariance),
  );
  const moved = new Float64Array(mean.length);
  return createExplainer({
    facts: {
      method: options.perturbation,
      kernel: isIndependent ? 'ts-linear/1' : 'ts-linear-conditional/1',
      version: EXPLAIN_VERSION,
      modelHash: model.hash,
      outputSpace: outputSpaceOf(model),
      coverSource: 'none',
      background: backgroundFacts(background),
    },
    outputs: model.outputs,
    features: mean.length,
    baseValue: Float64Array.from(model.predict(mean).score),
    tableBytes: transforms.reduce((sum, table) => sum + (table?.byteLength ?? 0), 0),
    probabilityOf: model.probabilityOf,
    responseOf: model.responseOf,
    compute: (row, { margin, score, attributions }) => {
      linearMarginInto(model, row, margin);
      score.set(margin);
      for (let j = 0; j < moved.length; j++) moved[j] = (row[j] ?? NaN) - (mean[j] ?? NaN);
      for (let output = 0; output < attributions.length; output++)
        attribute(
          model.coefficients[output] ?? moved,
          transforms[output] ?? null,
          moved,
          attributions[output] ?? moved,
        );
    },
  });
}

/** Writes φ of one output. */
function attribute(
  weights: Float64Array,
  transform: Float64Array | null,
  moved: Float64Array,
  target: Float64Array,
): void {
  const features = moved.length;
  for (let j = 0; j < features; j++) {
    let sum = 0;
    if (transform === null) sum = (weights[j] ?? NaN) * (moved[j] ?? NaN);
    else
      for (let i = 0; i < features; i++)
        sum += (transform[j * features + i] ?? NaN) * (moved[i] ?? NaN);
    target[j] = sum;
  }
}
