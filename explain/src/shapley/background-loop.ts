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

/** Adds the attributions of one tree for a row, that of feature f to `target[at + f]`, without allocating memory. */
export type AttributeTree = (
  tree: Tree,
  row: Float64Array,
  target: Float64Array,
  at: number,
) => void;

/**
 * Interventional attributions by walking a tree with each background row, which counts by its weight; needs no tables.
 * What a call works on lies in variables that outlive it, and a leaf is handed on as its number: a function or a
 * fraction made anew for each tree would cost memory.
 */
export function attributeByRows(
  loop: RowLoop,
  { distinct, weights, rows }: WeightedRows,
): AttributeTree {
  let value: ArrayLike<number> = EMPTY;
  let target: Float64Array = EMPTY;
  let [at, other] = [0, 0];
  const credit = (leaf: number): void => {
    const share = ((weights[other] as number) / rows) * (value[leaf] as number);
    creditLeaf(loop, share, target, at);
  };
  return (tree, row, to, first) => {
    value = tree.value;
    target = to;
    at = first;
    for (other = 0; other < distinct.length; other++)
      walkBoth(tree, row, distinct[other] as Float64Array, loop, credit);
  };
}

const EMPTY = new Float64Array(0);

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
 * Every leaf below `node` that some coalition reaches when its features follow the row and the others the background
 * row: the coalitions that hold all of `ofRow` and none of `ofBackground`.
 */
export function walkBoth(
  tree: Tree,
  row: Float64Array,
  other: Float64Array,
  loop: RowLoop,
  onLeaf: (leaf: number) => void,
  node = 0,
): void {
  const left = tree.leftChild[node] as number;
  if (left === 0) return onLeaf(node);
  const feature = tree.feature[node] as number;
  const rowChild = goesLeft(tree, node, row[feature] as number) ? left : left + 1;
  const otherChild = goesLeft(tree, node, other[feature] as number) ? left : left + 1;
  const side = loop.side[feature];
  if (rowChild === otherChild || side === 1)
    return walkBoth(tree, row, other, loop, onLeaf, rowChild);
  if (side === 2) return walkBoth(tree, row, other, loop, onLeaf, otherChild);
  loop.side[feature] = 1;
  loop.ofRow[loop.rows++] = feature;
  walkBoth(tree, row, other, loop, onLeaf, rowChild);
  loop.rows--;
  loop.side[feature] = 2;
  loop.ofBackground[loop.backgrounds++] = feature;
  walkBoth(tree, row, other, loop, onLeaf, otherChild);
  loop.backgrounds--;
  loop.side[feature] = 0;
}
