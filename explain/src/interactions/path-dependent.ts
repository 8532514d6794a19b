import { edgeRatio, goesLeft } from '../model/tree.ts';
import type { Tree } from '../model/tree.ts';
import { gaussLegendre } from '../numeric/gauss-legendre.ts';
import type { Quadrature } from '../numeric/gauss-legendre.ts';
import { addAttribution, addPair } from './matrix.ts';
import type { PairSums } from './matrix.ts';

/*
 * On the path of a leaf with value v, feature j keeps the share z_j of the cover and o_j is 1 when the row meets its
 * conditions. The leaf is worth v Π_{j∈S} o_j Π_{j∉S} z_j to a coalition S, so the Shapley interaction index of i and j is
 *
 *   ½ v (o_i - z_i)(o_j - z_j) ∫₀¹ Π_{k≠i,j} (z_k + (o_k - z_k) p) dp  =  ½ v Σ w K_i K_j Π G
 *
 * with G = z + (o - z) x and K = (o - z) / G at the Gauss-Legendre nodes x: finite where a cover is 0. (Lundberg et al.
 * 2020, "From local explanations to global understanding with explainable AI for trees", equation 10.)
 */

interface Walk {
  readonly tree: Tree;
  readonly row: Float64Array;
  readonly quadrature: Quadrature;
  readonly sums: PairSums;
  /** per feature: share of the cover that it keeps, whether the row meets it so far, whether it is on the path */
  readonly zero: Float64Array;
  readonly one: Uint8Array;
  readonly onPath: Uint8Array;
  /** features on the path in the order of their first split */
  readonly path: Int32Array;
  length: number;
  /** [feature on the path × point] */
  readonly shares: Float64Array;
}

/** Adds the interactions and attributions of one tree under its training covers. */
export function addPathDependent(tree: Tree, row: Float64Array, sums: PairSums): void {
  const depth = Math.max(1, Math.min(tree.depth, sums.features));
  const quadrature = gaussLegendre(Math.ceil(depth / 2));
  const walk: Walk = {
    tree,
    row,
    quadrature,
    sums,
    zero: new Float64Array(sums.features).fill(1),
    one: new Uint8Array(sums.features).fill(1),
    onPath: new Uint8Array(sums.features),
    path: new Int32Array(depth),
    length: 0,
    shares: new Float64Array(depth * quadrature.nodes.length),
  };
  visit(walk, 0);
}

function visit(walk: Walk, node: number): void {
  const { tree, row, zero, one, onPath } = walk;
  const left = tree.leftChild[node] ?? 0;
  if (left === 0) {
    creditLeaf(walk, tree.value[node] ?? NaN);
    return;
  }
  const feature = tree.feature[node] ?? 0;
  const isNew = onPath[feature] === 0;
  if (isNew) {
    onPath[feature] = 1;
    walk.path[walk.length++] = feature;
  }
  const zeroAbove = zero[feature] ?? 1;
  const oneAbove = one[feature] ?? 1;
  const taken = goesLeft(tree, node, row[feature] ?? NaN) ? left : left + 1;
  for (const child of [left, left + 1]) {
    zero[feature] = zeroAbove * edgeRatio(tree, node, child);
    one[feature] = child === taken ? oneAbove : 0;
    visit(walk, child);
  }
  zero[feature] = zeroAbove;
  one[feature] = oneAbove;
  if (isNew) {
    onPath[feature] = 0;
    walk.length--;
  }
}

function creditLeaf(walk: Walk, value: number): void {
  const { quadrature, sums, zero, one, path, length, shares } = walk;
  const { nodes, weights } = quadrature;
  const points = nodes.length;
  for (let q = 0; q < points; q++) {
    const x = nodes[q] ?? NaN;
    let weight = value * (weights[q] ?? NaN);
    for (let i = 0; i < length; i++) {
      const feature = path[i] ?? 0;
      const z = zero[feature] ?? NaN;
      const o = one[feature] ?? NaN;
      const factor = z + (o - z) * x;
      // Kept as 0 - 1 / (1 - x) where o is 0, because (o - z) / G is 0 / 0 there under a cover of 0.
      shares[i * points + q] = o === 0 ? -1 / (1 - x) : (o - z) / factor;
      weight *= factor;
    }
    for (let i = 0; i < length; i++) {
      const own = weight * (shares[i * points + q] ?? NaN);
      addAttribution(sums, path[i] ?? 0, own);
      for (let j = 0; j < i; j++)
        addPair(sums, path[i] ?? 0, path[j] ?? 0, (own * (shares[j * points + q] ?? NaN)) / 2);
    }
  }
}
