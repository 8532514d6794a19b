import { leafOf } from '../model/tree.ts';
import type { Tree } from '../model/tree.ts';
import { castRow } from '../model/tree-model.ts';
import type { LinearModel } from '../model/linear-model.ts';
import type { Model } from '../model/model.ts';
import type { FeatureRow, TreeModel } from '../model/tree-model.ts';
import { ADDITIVITY_BOUND } from '../shapley/explanation.ts';
import type { ReasonDirection } from './registry.ts';

export interface DirectionQuestion {
  readonly model: Model;
  readonly row: FeatureRow;
  readonly output: number;
  /** indexes of the features of one reason */
  readonly features: readonly number[];
  readonly direction: ReasonDirection;
  readonly adverseDirection: 'higher' | 'lower';
  /** approved rows to take values from; without them the thresholds of the model serve */
  readonly background: readonly FeatureRow[];
}

/**
 * Whether the model bears out the sentence for this row: replace the features, where a background row's value lies
 * on the side that should help, and see whether the score improves on average. False when no value lies there.
 */
export function moveHelps(question: DirectionQuestion): boolean {
  const scoreChange =
    question.model.kind === 'linear'
      ? linearChange(question, question.model)
      : treeChange(question, question.model);
  let change = 0;
  for (const { values, count } of distinctMoves(question)) change += count * scoreChange(values);
  return question.adverseDirection === 'higher'
    ? change < -ADDITIVITY_BOUND
    : change > ADDITIVITY_BOUND;
}

/** How much the score changes when the features become `values`, in the order of the question. */
type ScoreChange = (values: readonly number[]) => number;

function linearChange(
  { row, output, features }: DirectionQuestion,
  model: LinearModel,
): ScoreChange {
  const weights = model.coefficients[output];
  return (values) =>
    features.reduce(
      (sum, feature, i) =>
        sum + (weights?.[feature] ?? NaN) * ((values[i] ?? NaN) - (row[feature] ?? NaN)),
      0,
    );
}

function treeChange({ row, output, features }: DirectionQuestion, model: TreeModel): ScoreChange {
  const own = castRow(model, row);
  const trees = treesAsking(model, features, output);
  const before = trees.map((tree) => tree.value[leafOf(tree, own)] ?? NaN);
  return (values) => {
    const changed = Float64Array.from(row);
    features.forEach((feature, i) => (changed[feature] = values[i] ?? NaN));
    const moved = castRow(model, changed);
    return trees.reduce(
      (sum, tree, i) => sum + ((tree.value[leafOf(tree, moved)] ?? NaN) - (before[i] ?? NaN)),
      0,
    );
  };
}

interface Move {
  /** what the features become, in the order of the question */
  readonly values: readonly number[];
  /** background rows that say so */
  count: number;
}

/** The moves that the background rows suggest, equal ones counted together. */
function distinctMoves(question: DirectionQuestion): Iterable<Move> {
  const { row, features, direction, background } = question;
  const moves = new Map<string, Move>();
  const own = features.map((feature) => row[feature] ?? NaN);
  const references =
    background.length > 0
      ? background.map((other) => features.map((feature) => other[feature] ?? NaN))
      : thresholdMoves(question, own);
  for (const reference of references) {
    const values = own.map((value, index) => {
      const other = reference[index] ?? NaN;
      return liesOnHelpfulSide(value, other, direction) ? other : value;
    });
    if (values.every((value, index) => Object.is(value, own[index]))) continue;
    const key = values.join();
    const known = moves.get(key);
    if (known === undefined) moves.set(key, { values, count: 1 });
    else known.count++;
  }
  return moves.values();
}

/** A missing own value can move anywhere; a missing reference is no value to move to. */
function liesOnHelpfulSide(own: number, other: number, direction: ReasonDirection): boolean {
  if (Number.isNaN(other)) return false;
  if (Number.isNaN(own)) return true;
  if (direction === 'lower-hurts') return other > own;
  if (direction === 'higher-hurts') return other < own;
  return other !== own;
}

/** One feature at a time to each value that makes a difference to the model. */
function thresholdMoves(
  { model, features }: DirectionQuestion,
  own: readonly number[],
): number[][] {
  return features.flatMap((feature, index) =>
    (model.kind === 'linear' ? aroundValues(own[index] ?? NaN) : cellValues(model, feature)).map(
      (value) => own.with(index, value),
    ),
  );
}

/** A linear model is borne out by a step in either direction. */
function aroundValues(own: number): readonly number[] {
  return [own - 1, own + 1];
}

/** Every threshold and one value above them all; every category that is split on and the first that is not. */
function cellValues(model: TreeModel, feature: number): readonly number[] {
  const values = new Set<number>();
  for (const tree of model.trees)
    for (let node = 0; node < tree.nodes; node++) {
      if (tree.leftChild[node] === 0 || tree.feature[node] !== feature) continue;
      const categories = tree.categories[node];
      if (categories === null || categories === undefined) values.add(tree.threshold[node] ?? NaN);
      else for (const category of categories) values.add(category);
    }
  const sorted = [...values].filter(Number.isFinite).sort((a, b) => a - b);
  const highest = sorted.at(-1);
  if (highest === undefined) return sorted;
  if (model.featureTypes[feature] !== 'categorical')
    return [...sorted, highest + Math.max(1, Math.abs(highest))];
  const gap = sorted.findIndex((category, index) => category !== index);
  return [...sorted, gap < 0 ? sorted.length : gap];
}

/** Trees of one output that split on any of the features: only they can change. */
function treesAsking(
  model: TreeModel,
  features: readonly number[],
  output: number,
): readonly Tree[] {
  const asked = askedOf(model);
  return model.trees.filter(
    (tree, index) =>
      tree.output === output && features.some((feature) => asked[feature]?.[index] === 1),
  );
}

const askedByModel = new WeakMap<TreeModel, readonly Uint8Array[]>();

/** By feature and tree whether the tree splits on it; found once for each model. */
function askedOf(model: TreeModel): readonly Uint8Array[] {
  const known = askedByModel.get(model);
  if (known !== undefined) return known;
  const asked = model.featureNames.map(() => new Uint8Array(model.trees.length));
  model.trees.forEach((tree, index) => {
    for (let node = 0; node < tree.nodes; node++) {
      const own = asked[tree.feature[node] ?? 0];
      if (tree.leftChild[node] !== 0 && own !== undefined) own[index] = 1;
    }
  });
  askedByModel.set(model, asked);
  return asked;
}
