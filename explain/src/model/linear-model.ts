import { ExplainError } from '../errors.ts';
import type { Objective } from './objective.ts';
import type { FeatureRow, FeatureType, Link, Prediction } from './tree-model.ts';

/** `intercept[k] + Σ coefficients[k][j] · x[j]` per output k, in float64. Never changed after loading. */
export interface LinearModel {
  readonly kind: 'linear';
  readonly format: 'onnx' | 'showcause';
  readonly formatVersion: string;
  readonly objective: string;
  readonly link: Link;
  readonly featureNames: readonly string[];
  readonly featureTypes: readonly FeatureType[];
  readonly categories: readonly (readonly string[] | null)[];
  readonly outputs: number;
  readonly compares: 'float64';
  /** [output][feature] */
  readonly coefficients: readonly Float64Array[];
  readonly intercept: Float64Array;
  /**
   * @throws ExplainError FEATURE_COUNT when the row has another length than `featureNames`, FEATURE_MISSING when a value
   * is missing: a linear model has no answer then
   */
  readonly predict: (row: FeatureRow) => Prediction;
}

export type LinearModelParts = Omit<
  LinearModel,
  'kind' | 'predict' | 'link' | 'objective' | 'compares'
> & {
  readonly objective: Objective;
};

export function createLinearModel({ objective, ...rest }: LinearModelParts): LinearModel {
  const model: LinearModel = {
    kind: 'linear',
    ...rest,
    compares: 'float64',
    objective: objective.name,
    link: objective.link,
    predict: (row) => {
      const margin = linearMargin(model, row);
      return {
        margin,
        score: [...margin],
        probability: objective.probability(margin),
        response: objective.response(margin),
      };
    },
  };
  return Object.freeze(model);
}

/** Intercepts and products added in the order of the features. */
function linearMargin(model: LinearModel, row: FeatureRow): number[] {
  const wanted = model.featureNames.length;
  if (row.length !== wanted)
    throw new ExplainError('FEATURE_COUNT', { got: `${row.length} values`, want: `${wanted}` });
  return model.coefficients.map((weights, output) => {
    let sum = model.intercept[output] ?? NaN;
    weights.forEach((weight, feature) => {
      const value = row[feature] ?? NaN;
      if (Number.isNaN(value))
        throw new ExplainError('FEATURE_MISSING', {
          got: 'no value',
          want: JSON.stringify(model.featureNames[feature]),
        });
      sum += weight * value;
    });
    return sum;
  });
}
