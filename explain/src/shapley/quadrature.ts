import { goesLeft } from '../model/tree.ts';
import type { Tree } from '../model/tree.ts';
import { gaussLegendre } from '../numeric/gauss-legendre.ts';
import type { Quadrature } from '../numeric/gauss-legendre.ts';
import { edgeFactor, edgeInto, edgeShare, FAILED, NOT_TAKEN, TAKEN, treePaths } from './edges.ts';
import type { Edge, EdgeState, TreePaths } from './edges.ts';

/** A tree explained without tables: every factor is computed when it is needed. */
export interface QuadratureTree {
  readonly tree: Tree;
  readonly paths: TreePaths;
  readonly quadrature: Quadrature;
  /** per node: the edge into it; the root has none */
  readonly edges: readonly (Edge | null)[];
}

/** Memory of one walk. */
export interface QuadratureScratch {
  /** [node][point]: the product of factors on the way down, then the sum of the leaves on the way up */
  readonly products: Float64Array;
  /** [node]: state of the edge into the node */
  readonly states: Uint8Array;
}

export function quadratureTree(tree: Tree): QuadratureTree {
  const paths = treePaths(tree);
  return {
    tree,
    paths,
    quadrature: gaussLegendre(Math.max(1, Math.ceil(paths.widest / 2))),
    edges: Array.from({ length: tree.nodes }, (_, node) =>
      node === 0 ? null : edgeInto(paths, node),
    ),
  };
}

export function quadratureScratch(plans: readonly QuadratureTree[]): QuadratureScratch {
  let [products, states] = [0, 0];
  for (const { tree, quadrature } of plans) {
    products = Math.max(products, tree.nodes * quadrature.nodes.length);
    states = Math.max(states, tree.nodes);
  }
  return { products: new Float64Array(products), states: new Uint8Array(states) };
}

/** Adds the attributions of one tree to `target` from `start` on; sums run by node, so that replay gives the same bytes. */
export function attributeByQuadrature(
  plan: QuadratureTree,
  row: Float64Array,
  scratch: QuadratureScratch,
  target: Float64Array,
  start: number,
): void {
  walkDown(plan, row, scratch);
  walkUp(plan, scratch, target, start);
}

function walkDown(
  { tree, paths, quadrature, edges }: QuadratureTree,
  row: Float64Array,
  { products, states }: QuadratureScratch,
): void {
  const { nodes, weights } = quadrature;
  const points = nodes.length;
  products.fill(1, 0, points);
  for (let node = 0; node < tree.nodes; node++) {
    const from = node * points;
    const left = at(tree.leftChild, node);
    if (left === 0) {
      for (let q = 0; q < points; q++)
        products[from + q] = at(products, from + q) * at(tree.value, node) * at(weights, q);
      continue;
    }
    const last = at(paths.above, node);
    const isMet = last < 0 || states[last] === TAKEN;
    const isLeft = goesLeft(tree, node, row[at(tree.feature, node)] ?? NaN);
    for (const child of [left, left + 1]) {
      const state = !isMet ? FAILED : isLeft === (child === left) ? TAKEN : NOT_TAKEN;
      const edge = edges[child] as Edge;
      states[child] = state;
      for (let q = 0; q < points; q++)
        products[child * points + q] =
          at(products, from + q) * edgeFactor(state, edge, at(nodes, q));
    }
  }
}

function walkUp(
  { tree, quadrature, edges }: QuadratureTree,
  { products, states }: QuadratureScratch,
  target: Float64Array,
  start: number,
): void {
  const { nodes } = quadrature;
  const points = nodes.length;
  for (let node = tree.nodes - 1; node >= 0; node--) {
    const left = at(tree.leftChild, node);
    if (left === 0) continue;
    let sum = 0;
    for (let q = 0; q < points; q++) {
      const x = at(nodes, q);
      let below = 0;
      for (const child of [left, left + 1]) {
        const leaves = at(products, child * points + q);
        sum += leaves * edgeShare(states[child] as EdgeState, edges[child] as Edge, x);
        below += leaves;
      }
      products[node * points + q] = below;
    }
    const place = start + at(tree.feature, node);
    target[place] = at(target, place) + sum;
  }
}

/** A read that is known to lie inside the array. */
function at(array: Float64Array | Int32Array, index: number): number {
  return array[index] as number;
}
