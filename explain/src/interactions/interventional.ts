import type { Tree } from '../model/tree.ts';
import { rowLoop, walkBoth } from '../shapley/background-loop.ts';
import type { RowLoop } from '../shapley/background-loop.ts';
import { shapleyWeights } from '../numeric/shapley-weights.ts';
import { addAttribution, addPair } from './matrix.ts';
import type { PairSums } from './matrix.ts';

/*
 * A leaf that needs the p features P from the row and the n features N from the background row is worth v to the
 * coalitions that hold P and nothing of N. With w(s, k) = s! (k - s - 1)! / k! its Shapley interaction index is, with k = p + n,
 * ½ v w(p - 2, k - 1) for two of P, ½ v w(p, k - 1) for two of N, and -½ v w(p - 1, k - 1) for one of each.
 */

/** Adds the interactions and attributions of one tree against each background row, whose shares are equal. */
export function addInterventional(
  tree: Tree,
  row: Float64Array,
  background: readonly Float64Array[],
  sums: PairSums,
): void {
  const most = Math.max(1, Math.min(tree.depth, sums.features));
  const loop = rowLoop(sums.features, most, shapleyWeights(most));
  for (const other of background)
    walkBoth(tree, row, other, loop, (leaf) =>
      creditLeaf(loop, (tree.value[leaf] ?? NaN) / background.length, sums),
    );
}

function creditLeaf(loop: RowLoop, value: number, sums: PairSums): void {
  const { ofRow, rows, ofBackground, backgrounds, weights, stride } = loop;
  const players = rows + backgrounds;
  const worth = (size: number, members: number): number =>
    value * (weights[size * stride + members] ?? NaN);
  creditSide(sums, ofRow, rows, worth(players, rows - 1), worth(players - 1, rows - 2) / 2);
  creditSide(sums, ofBackground, backgrounds, -worth(players, rows), worth(players - 1, rows) / 2);
  const across = -worth(players - 1, rows - 1) / 2;
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < backgrounds; j++)
      addPair(sums, ofRow[i] ?? 0, ofBackground[j] ?? 0, across);
}

/** The features of one side: what each gets, and what each two of them share. */
function creditSide(
  sums: PairSums,
  features: Int32Array,
  count: number,
  each: number,
  both: number,
): void {
  for (let i = 0; i < count; i++) {
    addAttribution(sums, features[i] ?? 0, each);
    for (let j = 0; j < i; j++) addPair(sums, features[i] ?? 0, features[j] ?? 0, both);
  }
}
