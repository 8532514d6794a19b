import { ExplainError } from '../errors.ts';
import type { Objective } from './objective.ts';
import { leafOf } from './tree.ts';
import type { Tree } from './tree.ts';

/** One value per feature in the model's order; NaN is missing, a categorical value is its code. */
export type FeatureRow = ArrayLike<number>;

export type FeatureType = 'float' | 'int' | 'indicator' | 'categorical';

/** How the margin becomes what people read: identity, logistic, softmax or exponential. */
export type Link = 'identity' | 'logit' | 'softmax' | 'log';

/** What a model says about one row; each array has one number per output. */
export interface Prediction {
  /** in margin units, as the model's own library serves it: float32 sums in its order, bit for bit */
  readonly margin: number[];
  /** the same sum in float64: what attributions add up to */
  readonly score: number[];
  /** of the positive class, or of each class; null where the objective defines none */
  readonly probability: number[] | null;
  /** what the library's `predict` returns before any arg-max: the inverse link of the margin */
  readonly response: number[];
}

/** A sum of trees per output. Never changed after loading. */
export interface TreeModel {
  readonly format: 'xgboost';
  /** version of the library that wrote the file, e.g. `3.2.0` */
  readonly formatVersion: string;
  readonly objective: string;
  readonly link: Link;
  readonly featureNames: readonly string[];
  readonly featureTypes: readonly FeatureType[];
  /** names of the codes of a categorical feature, where the file or the caller gives them; null otherwise */
  readonly categories: readonly (readonly string[] | null)[];
  readonly outputs: number;
  /** margin before the first tree, float32, one per output */
  readonly base: Float64Array;
  readonly trees: readonly Tree[];
  /** what the covers count: sums of second derivatives for XGBoost */
  readonly coverSource: 'hessian';
  /** last useful boosting round that early stopping noted in the file, counted from 0 */
  readonly bestIteration: number | null;
  /** FEATURE_COUNT when the row has another length than `featureNames` */
  readonly predict: (row: FeatureRow) => Prediction;
}

export type TreeModelParts = Omit<TreeModel, 'predict' | 'link' | 'objective'> & {
  readonly objective: Objective;
};

export function createTreeModel(parts: TreeModelParts): TreeModel {
  const { objective, ...rest } = parts;
  const model: TreeModel = {
    ...rest,
    objective: objective.name,
    link: objective.link,
    predict: (row) => {
      const { margin, score } = sumLeaves(model, castRow(model, row));
      return {
        margin,
        score,
        probability: objective.probability(margin),
        response: objective.response(margin),
      };
    },
  };
  return Object.freeze(model);
}

/** The row in float32, the type that XGBoost compares in. */
export function castRow(model: Pick<TreeModel, 'featureNames'>, row: FeatureRow): Float32Array {
  const wanted = model.featureNames.length;
  if (row.length !== wanted)
    throw new ExplainError('FEATURE_COUNT', { got: `${row.length} values`, want: `${wanted}` });
  return Float32Array.from(row);
}

/** Both sums over the leaves that a cast row reaches: float32 step by step, and float64. */
export function sumLeaves(
  model: TreeModel,
  row: Float32Array,
): { margin: number[]; score: number[] } {
  const margin = Array.from(model.base, Math.fround);
  const score = Array.from(model.base);
  for (const tree of model.trees) {
    const value = tree.value[leafOf(tree, row)] ?? NaN;
    margin[tree.output] = Math.fround((margin[tree.output] ?? NaN) + value);
    score[tree.output] = (score[tree.output] ?? NaN) + value;
  }
  return { margin, score };
}
