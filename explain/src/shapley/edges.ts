import { edgeRatio } from '../model/tree.ts';
import type { Tree } from '../model/tree.ts';

/*
 * For a leaf with value v let k features lie on its path; z_j is the product of the cover ratios of the edges that
 * split on j, and o_j is 1 when the row meets every condition on j. Its share of the attribution of j is
 *
 *   v (o_j - z_j) ∫₀¹ Π_{i≠j} (z_i + (o_i - z_i) p) dp
 *
 * whose integrand has degree k - 1, so that Gauss-Legendre with ceil(k/2) points is exact. With
 * G(z,o) = z + (o - z) x and K(z,o) = (o - z) / G(z,o) at a node x it becomes v Σ w K(z_j,o_j) Π G(z_i,o_i): every K is finite even
 * where a cover is 0. Walking down, C holds Π G; walking up, H holds Σ v w Π G of the leaves below. An edge on a
 * feature met before changes its factor from G(z above) to G(z), and K by a difference: the differences telescope.
 */

/** How a row stands to an edge: it had failed the feature above, it does not take this edge, or it takes it. */
export const FAILED = 0;
export const NOT_TAKEN = 1;
export const TAKEN = 2;
export type EdgeState = typeof FAILED | typeof NOT_TAKEN | typeof TAKEN;

/** One edge, or several in a row on one feature. */
export interface Edge {
  /** cover ratio of the edge */
  readonly ratio: number;
  /** z of its feature above the edge: 1 when the feature is new */
  readonly before: number;
  /** z of its feature, the edge included */
  readonly zero: number;
}

/** By what the edge multiplies C at the node `x` of the quadrature. */
export function edgeFactor(state: EdgeState, { ratio, before, zero }: Edge, x: number): number {
  if (state === FAILED) return ratio;
  const metBefore = before + (1 - before) * x;
  return (state === TAKEN ? zero + (1 - zero) * x : zero * (1 - x)) / metBefore;
}

/** What the edge adds to K of its feature at the node `x` of the quadrature. */
export function edgeShare(state: EdgeState, { before, zero }: Edge, x: number): number {
  if (state === FAILED) return 0;
  const shareBefore = (1 - before) / (before + (1 - before) * x);
  return (state === TAKEN ? (1 - zero) / (zero + (1 - zero) * x) : -1 / (1 - x)) - shareBefore;
}

/** What the paths of a tree say of its nodes; length of each array: number of nodes. */
export interface TreePaths {
  /** parent of a node; -1 at the root */
  readonly parent: Int32Array;
  /** cover ratio of the edge into each node */
  readonly ratio: Float64Array;
  /** product of the ratios on the feature of the edge into each node, this edge included */
  readonly zero: Float64Array;
  /** per split: the node whose incoming edge is the last above on the same feature; -1 when the feature is new */
  readonly above: Int32Array;
  /** features on the path to each node */
  readonly unique: Int32Array;
  /** most features on one path */
  readonly widest: number;
}

export function treePaths(tree: Tree): TreePaths {
  const ratio = new Float64Array(tree.nodes).fill(1);
  const zero = new Float64Array(tree.nodes).fill(1);
  const above = new Int32Array(tree.nodes).fill(-1);
  const parent = new Int32Array(tree.nodes).fill(-1);
  const unique = new Int32Array(tree.nodes);
  let widest = 0;
  for (let node = 0; node < tree.nodes; node++) {
    widest = Math.max(widest, at(unique, node));
    const left = at(tree.leftChild, node);
    if (left === 0) continue;
    const last = lastOnFeature(tree, parent, node, at(tree.feature, node));
    above[node] = last;
    for (const child of [left, left + 1]) {
      parent[child] = node;
      ratio[child] = edgeRatio(tree, node, child);
      zero[child] = at(ratio, child) * (last < 0 ? 1 : at(zero, last));
      unique[child] = at(unique, node) + (last < 0 ? 1 : 0);
    }
  }
  return { parent, ratio, zero, above, unique, widest };
}

/** The node on the path to `from` whose incoming edge is the last that splits on `feature`; -1 when none does. */
export function lastOnFeature(
  tree: Tree,
  parent: Int32Array,
  from: number,
  feature: number,
): number {
  let node = from;
  for (let up = at(parent, node); up >= 0; up = at(parent, node)) {
    if (tree.feature[up] === feature) return node;
    node = up;
  }
  return -1;
}

/** The edge into a node of the tree. */
export function edgeInto({ ratio, zero, parent, above }: TreePaths, child: number): Edge {
  const last = at(above, at(parent, child));
  return {
    ratio: at(ratio, child),
    before: last < 0 ? 1 : at(zero, last),
    zero: at(zero, child),
  };
}

/** Mean of the leaves weighted by the cover ratios of their paths. */
export function expectedValue(tree: Tree): number {
  const reach = new Float64Array(tree.nodes);
  reach[0] = 1;
  let mean = 0;
  for (let node = 0; node < tree.nodes; node++) {
    const left = at(tree.leftChild, node);
    if (left === 0) {
      mean += at(reach, node) * at(tree.value, node);
      continue;
    }
    reach[left] = at(reach, node) * edgeRatio(tree, node, left);
    reach[left + 1] = at(reach, node) * edgeRatio(tree, node, left + 1);
  }
  return mean;
}

/** A read that is known to lie inside the array. */
function at(array: Float64Array | Int32Array, index: number): number {
  return array[index] as number;
}
