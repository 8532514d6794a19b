import { ExplainError } from '../errors.ts';
import { said } from '../kinds.ts';
import { createExplainer } from '../batch/engine.ts';
import { asBackground, backgroundFacts } from '../model/hash.ts';
import type { Background } from '../model/hash.ts';
import { linearMarginInto } from '../model/linear-model.ts';
import { assertModel } from '../model/model.ts';
import type { Model } from '../model/model.ts';
import type { LinearModel } from '../model/linear-model.ts';
import type { FeatureRow } from '../model/tree-model.ts';
import { outputSpaceOf } from '../shapley/explanation.ts';
import type { Explainer } from '../shapley/explanation.ts';
import { assertExplainerOptions } from '../shapley/options.ts';
import { EXPLAIN_VERSION } from '../version.ts';
import { conditionalTransform } from './conditional.ts';
import { covarianceOf, meansOf } from './moments.ts';

export interface LinearExplainerOptions {
  /**
   * `interventional`: features move one by one, φ_j = w_j (x_j − mean_j). `correlation-dependent`: what is unknown is
   * expected given what is known, by the covariance of the background.
   */
  readonly perturbation: 'interventional' | 'correlation-dependent';
  /** reference rows without missing values, at least one */
  readonly background: Background | readonly FeatureRow[];
}

/** @throws ExplainError EXPLAIN_METHOD for any other game than the two */
function isInterventional(perturbation: string): boolean {
  if (perturbation === 'interventional') return true;
  if (perturbation === 'correlation-dependent') return false;
  throw new ExplainError('EXPLAIN_METHOD', { got: `${said(perturbation)} for a linear model` });
}

/**
 * Exact SHAP values of a linear model in margin units, as shap's
 * `LinearExplainer(model, masker, feature_perturbation=…)`, there sampled for correlated features.
 *
 * @throws ExplainError EXPLAIN_BACKGROUND, EXPLAIN_TOO_WIDE (more than 15 features correlated with each other), FEATURE_COUNT,
 * FEATURE_MISSING
 */
export function linearExplainer(model: LinearModel, options: LinearExplainerOptions): Explainer {
  assertLinear(model);
  assertExplainerOptions(options);
  const isIndependent = isInterventional(options.perturbation);
  const background = asBackground(options.background);
  const mean = meansOf(model, background.rows);
  const covariance = isIndependent ? null : covarianceOf(mean, background.rows);
  const transforms = model.coefficients.map((weights) =>
    covariance === null ? null : conditionalTransform(weights, covariance),
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
    compute: (row, out, index) => {
      const first = index * model.outputs;
      linearMarginInto(model, row, out.margins, first);
      for (let j = 0; j < moved.length; j++) moved[j] = (row[j] as number) - (mean[j] as number);
      for (let output = 0; output < model.outputs; output++) {
        out.scores[first + output] = out.margins[first + output] as number;
        const start = (first + output) * moved.length;
        const transform = transforms[output] ?? null;
        if (transform !== null) multiply(transform, moved, out.attributions, start);
        else weigh(model.coefficients[output] as Float64Array, moved, out.attributions, start);
      }
    },
  });
}

/** @throws ExplainError EXPLAIN_METHOD for trees, EXPLAIN_ARGUMENT for what is no model */
function assertLinear(model: Model): void {
  assertModel(model);
  if (model.kind !== 'linear')
    throw new ExplainError('EXPLAIN_METHOD', { got: model.kind, want: 'a linear model' });
}

/** φ_j = w_j (x_j − mean_j) */
function weigh(weights: Float64Array, moved: Float64Array, out: Float64Array, start: number): void {
  for (let j = 0; j < moved.length; j++)
    out[start + j] = (weights[j] as number) * (moved[j] as number);
}

/** φ_j = Σ_i T[j][i] (x_i − mean_i) */
function multiply(
  transform: Float64Array,
  moved: Float64Array,
  out: Float64Array,
  start: number,
): void {
  const features = moved.length;
  for (let j = 0; j < features; j++) {
    let sum = 0;
    for (let i = 0; i < features; i++)
      sum += (transform[j * features + i] as number) * (moved[i] as number);
    out[start + j] = sum;
  }
}
