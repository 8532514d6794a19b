/**
 * One regression tree in flat arrays, breadth first from the root at 0; the two children of a node are
 * neighbours, so that one index names both. Length of each array: number of nodes.
 */
export interface Tree {
  readonly nodes: number;
  /** index of the left child (the right one follows it); 0 at a leaf */
  readonly leftChild: Int32Array;
  /** feature that a split asks for; 0 at a leaf */
  readonly feature: Int32Array;
  /** numeric split: left iff x <= threshold, x as the model casts it; NaN where nothing goes left */
  readonly threshold: Float64Array;
  /** 1 when a missing value goes left */
  readonly defaultLeft: Uint8Array;
  /** 1 where 0 counts as missing too, as LightGBM's zero_as_missing has it; null: nowhere */
  readonly zeroMissing: Uint8Array | null;
  /** categorical split: its sorted categories, which go right; null at numeric splits and leaves */
  readonly categories: readonly (Int32Array | null)[];
  /** leaf: the value it adds, weight of the tree included; 0 at splits */
  readonly value: Float64Array;
  /** weight of the training rows in the node; 0 everywhere where the format has none */
  readonly cover: Float64Array;
  /** output that the tree adds to */
  readonly output: number;
  /** most splits on one path */
  readonly depth: number;
}

/** Whether a value, already cast as the model casts it, goes left at the split `node`. */
export function goesLeft(tree: Tree, node: number, x: number): boolean {
  if (Number.isNaN(x)) return tree.defaultLeft[node] === 1;
  if (tree.zeroMissing?.[node] === 1 && x === 0) return tree.defaultLeft[node] === 1;
  const categories = tree.categories[node];
  if (categories === null || categories === undefined) return x <= (tree.threshold[node] ?? NaN);
  return !isListed(categories, x);
}

/** Categories are counted from 0; a fraction is cut off, anything negative or unknown is not listed. */
function isListed(categories: Int32Array, x: number): boolean {
  if (x < 0) return false;
  const category = Math.trunc(x);
  let low = 0;
  let high = categories.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((categories[middle] ?? 0) < category) low = middle + 1;
    else high = middle;
  }
  return low < categories.length && categories[low] === category;
}

/** The leaf that a cast row reaches. */
export function leafOf(tree: Tree, row: Float64Array): number {
  const { leftChild, feature, threshold, categories, zeroMissing } = tree;
  let node = 0;
  for (;;) {
    const left = leftChild[node] as number;
    if (left === 0) return node;
    const x = row[feature[node] as number] as number;
    // A number handed to a function may be boxed: the common split is decided here, and by arithmetic, for which way a
    // row goes is a coin's toss to a processor that guesses. `x > threshold` is no answer: a threshold may be NaN.
    if (x === x && zeroMissing === null && categories[node] === null)
      node = left + Number(!(x <= (threshold[node] as number)));
    else node = goesLeft(tree, node, x) ? left : left + 1;
  }
}

/** Cover of the child by cover of the parent, as they are stored; 0.5 where the parent has no cover. */
export function edgeRatio(tree: Tree, parent: number, child: number): number {
  const whole = tree.cover[parent] ?? 0;
  return whole === 0 ? 0.5 : (tree.cover[child] ?? 0) / whole;
}

/** Splits in the subtree of each node, itself included; children have higher numbers than their parent. */
export function splitsBelow(tree: Tree): Int32Array {
  const splits = new Int32Array(tree.nodes);
  for (let node = tree.nodes - 1; node >= 0; node--) {
    const left = tree.leftChild[node] ?? 0;
    if (left !== 0) splits[node] = 1 + (splits[left] ?? 0) + (splits[left + 1] ?? 0);
  }
  return splits;
}
