import type { Steps } from '../../batch/turn.ts';
import type { FeatureRow } from '../../model/tree-model.ts';
import type { Tree } from '../../model/tree.ts';
import { isCategorical } from '../features.ts';
import type { FeatureFacts } from '../features.ts';
import { bestSplit } from './best-split.ts';
import type { Split } from './best-split.ts';

export interface CartBounds {
  /** most splits on one path */
  readonly depth: number;
  /** fewest rows of a leaf */
  readonly minLeaf: number;
}

/** What trees are grown on: rows, and one number per row and output, row-major. */
export interface CartData {
  readonly rows: readonly FeatureRow[];
  readonly outputs: number;
  readonly targets: Float64Array;
}

interface Node {
  readonly members: Int32Array;
  readonly depth: number;
  split: Split | null;
  leftChild: number;
}

/**
 * CART (Breiman, Friedman, Olshen and Stone 1984) by squared error, summed over the outputs, as scikit-learn's
 * `DecisionTreeRegressor`: one tree structure, a copy with its own leaf values per output. Thresholds lie midway between
 * values; missing values go with the side that fits better, with the larger one
 * where there were none; categories are split in two sets, exactly for one output and
 * by the best of the orders of the outputs for several. Equal gains: the first feature, the lowest threshold.
 */
export function* growTrees(
  features: FeatureFacts,
  data: CartData,
  bounds: CartBounds,
): Steps<Tree[]> {
  const nodes: Node[] = [root(data.rows.length)];
  const kinds = features.featureNames.map((_, feature) => isCategorical(features, feature));
  for (let index = 0; index < nodes.length; index++) {
    const node = nodes[index] as Node;
    if (node.depth >= bounds.depth || node.members.length < 2 * bounds.minLeaf) continue;
    const split = yield* bestSplit(data, node.members, kinds, bounds.minLeaf);
    if (split === null) continue;
    node.split = split;
    node.leftChild = nodes.length;
    const left = node.members.filter((row) => split.left[row] === 1);
    const right = node.members.filter((row) => split.left[row] !== 1);
    for (const members of [left, right])
      nodes.push({ members, depth: node.depth + 1, split: null, leftChild: 0 });
  }
  return Array.from({ length: data.outputs }, (_, output) => treeOf(nodes, data, output));
}

function root(rows: number): Node {
  return {
    members: Int32Array.from({ length: rows }, (_, i) => i),
    depth: 0,
    split: null,
    leftChild: 0,
  };
}

function treeOf(nodes: readonly Node[], data: CartData, output: number): Tree {
  return {
    nodes: nodes.length,
    leftChild: Int32Array.from(nodes, ({ leftChild }) => leftChild),
    feature: Int32Array.from(nodes, ({ split }) => split?.feature ?? 0),
    threshold: Float64Array.from(nodes, ({ split }) => split?.threshold ?? 0),
    defaultLeft: Uint8Array.from(nodes, ({ split }) => Number(split?.missingLeft ?? false)),
    zeroMissing: null,
    categories: nodes.map(({ split }) => split?.categories ?? null),
    value: Float64Array.from(nodes, ({ split, members }) =>
      split === null ? meanOf(data, members, output) : 0,
    ),
    cover: Float64Array.from(nodes, ({ members }) => members.length),
    output,
    depth: Math.max(...nodes.map(({ depth }) => depth)),
  };
}

function meanOf({ targets, outputs }: CartData, members: Int32Array, output: number): number {
  let sum = 0;
  for (const row of members) sum += targets[row * outputs + output] as number;
  return sum / members.length;
}
