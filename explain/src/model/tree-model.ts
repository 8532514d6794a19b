import { ExplainError } from '../errors.ts';
import type { Objective } from './objective.ts';
import { leafOf } from './tree.ts';
import type { Tree } from './tree.ts';

/** One value per feature in the model's order; NaN is missing, a categorical value is its code. */
export type FeatureRow = ArrayLike<number>;

export type FeatureType = 'float' | 'int' | 'indicator' | 'categorical';

/** Which library's model it is; `showcause` is the documented JSON of this package. */
export type ModelFormat = 'xgboost' | 'lightgbm' | 'catboost' | 'onnx' | 'showcause';

/** What covers count: second derivatives, rows, or nothing that the file holds. */
export type CoverSource = 'hessian' | 'count' | 'none';

/** How the margin becomes what people read; `probability`: it is one already, as a forest's mean is. */
export type Link = 'identity' | 'probability' | 'logit' | 'softmax' | 'log';

/** What a model says about one row; each array has one number per output. */
export interface Prediction {
  /** in margin units, as the model's own library serves it: its additions in its order, float32 where it is float32 */
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
  readonly kind: 'trees';
  readonly format: ModelFormat;
  /** version of the library that wrote the file, e.g. `3.2.0` */
  readonly formatVersion: string;
  readonly objective: string;
  readonly link: Link;
  readonly featureNames: readonly string[];
  readonly featureTypes: readonly FeatureType[];
  /** names of the codes of a categorical feature, where the file or the caller gives them; null otherwise */
  readonly categories: readonly (readonly string[] | null)[];
  readonly outputs: number;
  /** type that features are cast to before they are compared */
  readonly compares: NumberType;
  /** features at most this far from 0 are taken as 0 */
  readonly zeroWithin: number;
  /** a fraction is no category; where false it is cut off */
  readonly wholeCategories: boolean;
  /** type that the library adds leaves in */
  readonly sums: NumberType;
  /** what the trees are added to, one per output */
  readonly base: Float64Array;
  /** whether the library adds the base behind the trees */
  readonly baseLast: boolean;
  readonly trees: readonly Tree[];
  readonly coverSource: CoverSource;
  /** last useful boosting round that early stopping noted in the file, counted from 0 */
  readonly bestIteration: number | null;
  /** FEATURE_COUNT when the row has another length than `featureNames` */
  readonly predict: (row: FeatureRow) => Prediction;
}

export type NumberType = 'float32' | 'float64';

export type TreeModelParts = Omit<TreeModel, 'kind' | 'predict' | 'link' | 'objective'> & {
  readonly objective: Objective;
};

export function createTreeModel(parts: TreeModelParts): TreeModel {
  const { objective, ...rest } = parts;
  const model: TreeModel = {
    kind: 'trees',
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

/** The row as the model's own library sees it before it compares. */
export function castRow(
  model: Pick<
    TreeModel,
    'featureNames' | 'featureTypes' | 'compares' | 'zeroWithin' | 'wholeCategories'
  >,
  row: FeatureRow,
): Float64Array {
  const wanted = model.featureNames.length;
  if (row.length !== wanted)
    throw new ExplainError('FEATURE_COUNT', { got: `${row.length} values`, want: `${wanted}` });
  const cast = Float64Array.from(row);
  for (let feature = 0; feature < wanted; feature++) {
    const value = cast[feature] ?? NaN;
    if (model.compares === 'float32') cast[feature] = Math.fround(value);
    else if (Math.abs(value) <= model.zeroWithin) cast[feature] = 0;
    if (model.wholeCategories && isFraction(model.featureTypes[feature], value)) cast[feature] = -1;
  }
  return cast;
}

function isFraction(type: FeatureType | undefined, value: number): boolean {
  return type === 'categorical' && !Number.isNaN(value) && !Number.isInteger(value);
}

/** Both sums over the leaves that a cast row reaches: step by step as the library adds them, and in float64. */
export function sumLeaves(
  model: TreeModel,
  row: Float64Array,
): { margin: number[]; score: number[] } {
  const score = Array.from(model.base);
  const isSingle = model.sums === 'float32';
  const margin = model.baseLast ? score.map(() => 0) : Array.from(model.base, Math.fround);
  for (const tree of model.trees) {
    const value = tree.value[leafOf(tree, row)] ?? NaN;
    score[tree.output] = (score[tree.output] ?? NaN) + value;
    if (isSingle) margin[tree.output] = Math.fround((margin[tree.output] ?? NaN) + value);
  }
  if (!isSingle) return { margin: [...score], score };
  return {
    margin: model.baseLast
      ? margin.map((sum, output) => Math.fround(sum + (model.base[output] ?? NaN)))
      : margin,
    score,
  };
}
