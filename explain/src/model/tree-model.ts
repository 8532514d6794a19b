import { ExplainError } from '../errors.ts';
import { assertRow } from './feature-row.ts';
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

/** Which rows stood for the population; `hash` is defined at `Background`. */
export interface BackgroundFacts {
  readonly id: string | null;
  readonly hash: string;
  /** how many */
  readonly rows: number;
}

/** A sum of trees per output. Never changed after loading. */
export interface TreeModel {
  readonly kind: 'trees';
  readonly format: ModelFormat;
  /** SHA-256 of the model file, in lower-case hexadecimal */
  readonly hash: string;
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
  /** the rows that `withCovers` counted covers from; null where covers are the file's */
  readonly coverRows: BackgroundFacts | null;
  /** last useful boosting round that early stopping noted in the file, counted from 0 */
  readonly bestIteration: number | null;
  /** FEATURE_COUNT when the row has another length than `featureNames` */
  readonly predict: (row: FeatureRow) => Prediction;
  /** `probability` of a margin, one number per output in and out */
  readonly probabilityOf: (margin: readonly number[]) => number[] | null;
  /** `response` of a margin */
  readonly responseOf: (margin: readonly number[]) => number[];
}

export type NumberType = 'float32' | 'float64';

export type TreeModelParts = Omit<
  TreeModel,
  'kind' | 'predict' | 'probabilityOf' | 'responseOf' | 'link' | 'objective' | 'coverRows'
> & {
  readonly objective: Objective;
};

export function createTreeModel(parts: TreeModelParts): TreeModel {
  const { objective, ...rest } = parts;
  const model: TreeModel = {
    kind: 'trees',
    ...rest,
    coverRows: null,
    objective: objective.name,
    link: objective.link,
    probabilityOf: (margin) => objective.probability(margin),
    responseOf: (margin) => objective.response(margin),
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

/** What of a model says how its library reads a row. */
type Casting = Pick<
  TreeModel,
  'featureNames' | 'featureTypes' | 'compares' | 'zeroWithin' | 'wholeCategories'
>;

/** The row as the model's own library sees it before it compares. @throws ExplainError FEATURE_COUNT */
export function castRow(model: Casting, row: FeatureRow): Float64Array {
  const cast = new Float64Array(model.featureNames.length);
  castRowInto(model, row, cast);
  return cast;
}

/** The same without allocation: `cast` has one place per feature. */
export function castRowInto(model: Casting, row: FeatureRow, cast: Float64Array): void {
  const wanted = model.featureNames.length;
  assertRow(row, wanted);
  for (let feature = 0; feature < wanted; feature++) {
    const value = row[feature] ?? NaN;
    if (typeof value !== 'number')
      throw new ExplainError('FEATURE_TYPE', { got: typeof value, want: 'a number' });
    cast[feature] = castValue(model, feature, value);
  }
}

/** One value of a row as the model's own library sees it. */
export function castValue(model: Casting, feature: number, value: number): number {
  if (model.wholeCategories && isFraction(model.featureTypes[feature], value)) return -1;
  if (model.compares === 'float32') return Math.fround(value);
  return Math.abs(value) <= model.zeroWithin ? 0 : value;
}

function isFraction(type: FeatureType | undefined, value: number): boolean {
  return type === 'categorical' && !Number.isNaN(value) && !Number.isInteger(value);
}

/** Both sums over the leaves that a cast row reaches: step by step as the library adds them, and in float64. */
export function sumLeaves(
  model: TreeModel,
  row: Float64Array,
): { margin: number[]; score: number[] } {
  const margin = new Float64Array(model.outputs);
  const score = new Float64Array(model.outputs);
  sumLeavesInto(model, row, margin, score);
  return { margin: Array.from(margin), score: Array.from(score) };
}

/** The same without allocation: the outputs follow each other in `margin` and `score`, from place `first` on. */
export function sumLeavesInto(
  model: TreeModel,
  row: Float64Array,
  margin: Float64Array,
  score: Float64Array,
  first = 0,
): void {
  const { base, baseLast, outputs, trees } = model;
  const isSingle = model.sums === 'float32';
  for (let output = 0; output < outputs; output++) {
    score[first + output] = base[output] as number;
    margin[first + output] = baseLast ? 0 : Math.fround(base[output] as number);
  }
  for (let index = 0; index < trees.length; index++) {
    const tree = trees[index] as Tree;
    const leaf = leafOf(tree, row);
    const place = first + tree.output;
    score[place] = (score[place] as number) + (tree.value[leaf] as number);
    if (isSingle)
      margin[place] = Math.fround((margin[place] as number) + (tree.value[leaf] as number));
  }
  for (let output = 0; output < outputs; output++) {
    const place = first + output;
    if (!isSingle) margin[place] = score[place] as number;
    else if (baseLast)
      margin[place] = Math.fround((margin[place] as number) + (base[output] as number));
  }
}
