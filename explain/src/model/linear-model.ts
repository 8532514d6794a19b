import { ExplainError } from '../errors.ts';
import { kindOf } from '../kinds.ts';
import { assertRow } from './feature-row.ts';
import type { Objective } from './objective.ts';
import type { FeatureRow, FeatureType, Link, Prediction } from './tree-model.ts';

/** `intercept[k] + Σ coefficients[k][j] · x[j]` per output k, in float64. Never changed after loading. */
export interface LinearModel {
  readonly kind: 'linear';
  readonly format: 'onnx' | 'showcause';
  /** SHA-256 of the model file, in lower-case hexadecimal */
  readonly hash: string;
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
  /** `probability` of a margin, one number per output in and out */
  readonly probabilityOf: (margin: readonly number[]) => number[] | null;
  /** `response` of a margin */
  readonly responseOf: (margin: readonly number[]) => number[];
}

export type LinearModelParts = Omit<
  LinearModel,
  'kind' | 'predict' | 'probabilityOf' | 'responseOf' | 'link' | 'objective' | 'compares'
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
    probabilityOf: (margin) => objective.probability(margin),
    responseOf: (margin) => objective.response(margin),
    predict: (row) => {
      const sums = new Float64Array(model.outputs);
      linearMarginInto(model, row, sums);
      const margin = Array.from(sums);
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

/**
 * Intercepts and products added in the order of the features; the outputs follow each other in `margin`, from place
 * `first` on.
 *
 * @throws ExplainError FEATURE_COUNT, FEATURE_MISSING
 */
export function linearMarginInto(
  model: LinearModel,
  row: FeatureRow,
  margin: Float64Array,
  first = 0,
): void {
  const wanted = model.featureNames.length;
  assertRow(row, wanted);
  for (let feature = 0; feature < wanted; feature++)
    if (!Number.isFinite(row[feature] ?? NaN))
      throw noNumber(row[feature] ?? NaN, JSON.stringify(model.featureNames[feature]));
  for (let output = 0; output < model.outputs; output++) {
    const weights = model.coefficients[output] as Float64Array;
    let sum = model.intercept[output] as number;
    for (let feature = 0; feature < wanted; feature++)
      sum += (weights[feature] as number) * (row[feature] as number);
    margin[first + output] = sum;
  }
}

function noNumber(value: unknown, feature: string): ExplainError {
  if (typeof value !== 'number')
    return new ExplainError('FEATURE_TYPE', { got: kindOf(value), want: 'a number' });
  const got = Number.isNaN(value) ? 'no value' : `${value}`;
  return new ExplainError('FEATURE_MISSING', { got, want: feature });
}
