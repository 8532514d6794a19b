import { castRow, castValue } from '../model/tree-model.ts';
import type { FeatureRow, TreeModel } from '../model/tree-model.ts';
import { goesLeft, leafOf } from '../model/tree.ts';
import type { Tree } from '../model/tree.ts';
import type { Moves } from './moves.ts';

/**
 * The change of the score, summed over the moves. Each tree is walked once with all of them: they part where a split asks
 * for a feature that moves, and go with the row everywhere else.
 */
export function treeChange(
  model: TreeModel,
  row: FeatureRow,
  output: number,
  moves: Moves,
): number {
  if (moves.count === 0) return 0;
  const walk = walkOf(model, row, moves);
  let change = 0;
  for (const tree of treesAsking(model, moves.features, output)) change += walk(tree);
  return change;
}

/** Leaves that the moves reach, each less the leaf of the row, of one tree. */
function walkOf(model: TreeModel, row: FeatureRow, moves: Moves): (tree: Tree) => number {
  const { features, count } = moves;
  const own = castRow(model, row);
  const columnOf = new Map(
    features.map((feature, i) => [
      feature,
      (moves.columns[i] ?? new Float64Array(count)).map((value) =>
        castValue(model, feature, value),
      ),
    ]),
  );
  const isMoved = new Uint8Array(own.length);
  for (const feature of features) isMoved[feature] = 1;
  const halve = moves.isSorted && partsInOrder(model, features[0] ?? NaN) ? boundary : partition;
  const order = new Int32Array(count);
  const aside = new Int32Array(count);
  // Leaves are told from the row's own before they are added up: the same leaf over and over is exactly no change.
  let before = 0;
  const visit = (tree: Tree, from: number, low: number, high: number): number => {
    for (let node = from; ;) {
      const left = tree.leftChild[node] as number;
      if (left === 0) return ((tree.value[node] as number) - before) * (high - low);
      const feature = tree.feature[node] as number;
      if (isMoved[feature] === 0) {
        node = goesLeft(tree, node, own[feature] as number) ? left : left + 1;
        continue;
      }
      const column = columnOf.get(feature) as Float64Array;
      const middle = halve({ tree, node, column, order, aside, low, high });
      if (middle > low && middle < high)
        return visit(tree, left, low, middle) + visit(tree, left + 1, middle, high);
      node = middle === high ? left : left + 1;
    }
  };
  for (let move = 0; move < count; move++) order[move] = move;
  return (tree) => {
    before = tree.value[leafOf(tree, own)] as number;
    return visit(tree, 0, 0, count);
  };
}

/** The moves `order[low..high - 1]` at one split. */
interface Split {
  readonly tree: Tree;
  readonly node: number;
  readonly column: Float64Array;
  readonly order: Int32Array;
  readonly aside: Int32Array;
  readonly low: number;
  readonly high: number;
}

/** Those that go left first, each side in its order. @returns where the right ones begin */
function partition({ tree, node, column, order, aside, low, high }: Split): number {
  let left = low;
  let right = 0;
  for (let i = low; i < high; i++) {
    const move = order[i] as number;
    if (goesLeft(tree, node, column[move] as number)) order[left++] = move;
    else aside[right++] = move;
  }
  for (let i = 0; i < right; i++) order[left + i] = aside[i] as number;
  return left;
}

/** The same of ascending values, which are in order already. */
function boundary({ tree, node, column, low, high }: Split): number {
  const threshold = tree.threshold[node] as number;
  let from = low;
  let to = high;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if ((column[middle] as number) <= threshold) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** Whether every split on a feature sends ascending values left, then right. */
function partsInOrder(model: TreeModel, feature: number): boolean {
  return model.featureTypes[feature] !== 'categorical' && !asksOf(model).zeros;
}

/** Trees of one output that split on any of the features: only they can change. */
function treesAsking(
  model: TreeModel,
  features: readonly number[],
  output: number,
): readonly Tree[] {
  const { trees } = asksOf(model);
  return model.trees.filter(
    (tree, index) =>
      tree.output === output && features.some((feature) => trees[feature]?.[index] === 1),
  );
}

interface Asks {
  /** [feature][tree]: 1 where the tree splits on it */
  readonly trees: readonly Uint8Array[];
  /** whether a split anywhere takes 0 as missing */
  readonly zeros: boolean;
}

const asksByModel = new WeakMap<TreeModel, Asks>();

/** Found once for each model. */
function asksOf(model: TreeModel): Asks {
  const known = asksByModel.get(model);
  if (known !== undefined) return known;
  const trees = model.featureNames.map(() => new Uint8Array(model.trees.length));
  model.trees.forEach((tree, index) => {
    for (let node = 0; node < tree.nodes; node++) {
      const own = trees[tree.feature[node] ?? 0];
      if (tree.leftChild[node] !== 0 && own !== undefined) own[index] = 1;
    }
  });
  const asks = { trees, zeros: model.trees.some(({ zeroMissing }) => zeroMissing !== null) };
  asksByModel.set(model, asks);
  return asks;
}
