import { goesLeft } from '../model/tree.ts';
import type { Tree } from '../model/tree.ts';

/** Memory of the walk and the Shapley weights w(s, k) at [k * stride + s]. */
export interface RowLoop {
  readonly weights: Float64Array;
  readonly stride: number;
  /** per feature: 0 not met, 1 follows the row, 2 follows the background row */
  readonly side: Uint8Array;
  /** features met on the way that follow the row, and those that follow the background row */
  readonly ofRow: Int32Array;
  readonly ofBackground: Int32Array;
  rows: number;
  backgrounds: number;
}

/** Background rows, those that a model cannot tell apart as one. */
export interface WeightedRows {
  /** number of rows given: what the weights add up to */
  readonly rows: number;
  readonly distinct: readonly Float64Array[];
  /** per distinct row: how many rows it stands for */
  readonly weights: Float64Array;
}

export function rowLoop(features: number, depth: number, weights: Float64Array): RowLoop {
  return {
    weights,
    stride: depth,
    side: new Uint8Array(features),
    ofRow: new Int32Array(depth),
    ofBackground: new Int32Array(depth),
    rows: 0,
    backgrounds: 0,
  };
}

/**
 * Interventional attributions of one tree by walking it with each background row, which counts by its weight;
 * needs no tables. Adds that of feature f to `target[at + f]`.
 */
export function attributeByRows(
  tree: Tree,
  row: Float64Array,
  { distinct, weights, rows }: WeightedRows,
  loop: RowLoop,
  target: Float64Array,
  at: number,
): void {
  let share = 0;
  const credit = (value: number): void => creditLeaf(loop, value * share, target, at);
  for (let other = 0; other < distinct.length; other++) {
    share = (weights[other] as number) / rows;
    walkBoth(tree, row, distinct[other] as Float64Array, loop, credit);
  }
}

/** A leaf counts when all of `ofRow` and none of `ofBackground` are in the coalition. */
function creditLeaf(loop: RowLoop, value: number, target: Float64Array, at: number): void {
  const { rows, backgrounds, weights, stride } = loop;
  const players = rows + backgrounds;
  if (players === 0) return;
  if (rows > 0) {
    const credit = value * (weights[players * stride + rows - 1] ?? 0);
    for (let i = 0; i < rows; i++) add(target, at + (loop.ofRow[i] ?? 0), credit);
  }
  if (backgrounds > 0) {
    const credit = value * (weights[players * stride + rows] ?? 0);
    for (let i = 0; i < backgrounds; i++) add(target, at + (loop.ofBackground[i] ?? 0), -credit);
  }
}

function add(target: Float64Array, index: number, amount: number): void {
  target[index] = (target[index] ?? 0) + amount;
}

/**
 * Every leaf that some coalition reaches when its features follow the row and the others the background row: the
 * coalitions that hold all of `ofRow` and none of `ofBackground`.
 */
export function walkBoth(
  tree: Tree,
  row: Float64Array,
  other: Float64Array,
  loop: RowLoop,
  onLeaf: (value: number) => void,
): void {
  walk({ tree, row, other, loop, onLeaf }, 0);
}

interface Walk {
  readonly tree: Tree;
  readonly row: Float64Array;
  readonly other: Float64Array;
  readonly loop: RowLoop;
  readonly onLeaf: (value: number) => void;
}

function walk(context: Walk, node: number): void {
  const { tree, row, other, loop } = context;
  const left = tree.leftChild[node] ?? 0;
  if (left === 0) {
    context.onLeaf(tree.value[node] ?? NaN);
    return;
  }
  const feature = tree.feature[node] ?? 0;
  const rowChild = goesLeft(tree, node, row[feature] ?? NaN) ? left : left + 1;
  const otherChild = goesLeft(tree, node, other[feature] ?? NaN) ? left : left + 1;
  const side = loop.side[feature];
  if (rowChild === otherChild || side === 1) return walk(context, rowChild);
  if (side === 2) return walk(context, otherChild);
  loop.side[feature] = 1;
  loop.ofRow[loop.rows++] = feature;
  walk(context, rowChild);
  loop.rows--;
  loop.side[feature] = 2;
  loop.ofBackground[loop.backgrounds++] = feature;
  walk(context, otherChild);
  loop.backgrounds--;
  loop.side[feature] = 0;
}
