import { edgeRatio, goesLeft } from '../model/tree.ts';
import type { Tree } from '../model/tree.ts';
import type { TreeModel } from '../model/tree-model.ts';
import { gaussLegendre } from '../numeric/gauss-legendre.ts';
import type { Quadrature } from '../numeric/gauss-legendre.ts';
import type { AttributionKernel } from './kernel.ts';

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

/** Edge states: the row had failed the feature above; it does not take this edge; it takes it. */
const STATES = 3;

interface Plan {
  readonly tree: Tree;
  readonly quadrature: Quadrature;
  /** cover ratio of the edge into each node */
  readonly ratio: Float64Array;
  /** product of the ratios on the feature of the edge into each node, this edge included */
  readonly zero: Float64Array;
  /** per split: the node whose incoming edge is the last above on the same feature; -1 when the feature is new */
  readonly above: Int32Array;
  /** factors of all edges, or null when they are computed per call; [node][state][factor, share][point] */
  factors: Float64Array | null;
}

/**
 * Path-dependent SHAP by exact quadrature over the edges of each tree: cost is proportional to nodes times points,
 * no division and no data-dependent table size. Sums run by tree, then by node, so that replay gives the same bytes.
 */
export function pathDependentKernel(model: TreeModel, maxTableBytes: number): AttributionKernel {
  const plans = model.trees.map(planTree);
  const tableBytes = buildTables(plans, maxTableBytes);
  const scratch = scratchFor(plans);
  const baseValue = Float64Array.from(model.base);
  for (const { tree } of plans)
    baseValue[tree.output] = (baseValue[tree.output] ?? 0) + expectedValue(tree);
  return {
    name: 'ts-quadrature/1',
    baseValue,
    tableBytes,
    attribute: (row, attributions) => {
      for (const plan of plans) {
        const target = attributions[plan.tree.output];
        if (target !== undefined && plan.tree.nodes > 1) attributeTree(plan, row, scratch, target);
      }
    },
  };
}

function planTree(tree: Tree): Plan {
  const ratio = new Float64Array(tree.nodes).fill(1);
  const zero = new Float64Array(tree.nodes).fill(1);
  const above = new Int32Array(tree.nodes).fill(-1);
  const parent = new Int32Array(tree.nodes).fill(-1);
  const unique = new Int32Array(tree.nodes);
  let most = 0;
  for (let node = 0; node < tree.nodes; node++) {
    const left = at(tree.leftChild, node);
    if (left === 0) {
      most = Math.max(most, at(unique, node));
      continue;
    }
    const last = lastOnFeature(tree, parent, node);
    above[node] = last;
    for (const child of [left, left + 1]) {
      parent[child] = node;
      ratio[child] = edgeRatio(tree, node, child);
      zero[child] = at(ratio, child) * (last < 0 ? 1 : at(zero, last));
      unique[child] = at(unique, node) + (last < 0 ? 1 : 0);
    }
  }
  return {
    tree,
    quadrature: gaussLegendre(Math.max(1, Math.ceil(most / 2))),
    ratio,
    zero,
    above,
    factors: null,
  };
}

function lastOnFeature(tree: Tree, parent: Int32Array, split: number): number {
  let node = split;
  for (let up = at(parent, node); up >= 0; up = at(parent, node)) {
    if (tree.feature[up] === tree.feature[split]) return node;
    node = up;
  }
  return -1;
}

function buildTables(plans: readonly Plan[], maxTableBytes: number): number {
  let bytes = 0;
  for (const plan of plans) {
    const size = plan.tree.nodes * edgeSize(plan);
    if (bytes + size * 8 > maxTableBytes) continue;
    bytes += size * 8;
    const factors = new Float64Array(size);
    for (let split = 0; split < plan.tree.nodes; split++) {
      const left = at(plan.tree.leftChild, split);
      if (left === 0) continue;
      writeEdge(plan, split, left, factors, left * edgeSize(plan));
      writeEdge(plan, split, left + 1, factors, (left + 1) * edgeSize(plan));
    }
    plan.factors = factors;
  }
  return bytes;
}

function edgeSize(plan: Plan): number {
  return STATES * 2 * plan.quadrature.nodes.length;
}

/** The factors by which one edge multiplies C, and its shares K, in each state. */
function writeEdge(
  plan: Plan,
  split: number,
  child: number,
  out: Float64Array,
  offset: number,
): void {
  const { nodes } = plan.quadrature;
  const points = nodes.length;
  const last = at(plan.above, split);
  const before = last < 0 ? 1 : at(plan.zero, last);
  const z = at(plan.zero, child);
  for (let q = 0; q < points; q++) {
    const x = at(nodes, q);
    const metBefore = before + (1 - before) * x;
    const met = z + (1 - z) * x;
    const shareBefore = (1 - before) / metBefore;
    out[offset + q] = at(plan.ratio, child);
    out[offset + points + q] = 0;
    out[offset + 2 * points + q] = (z * (1 - x)) / metBefore;
    out[offset + 3 * points + q] = -1 / (1 - x) - shareBefore;
    out[offset + 4 * points + q] = met / metBefore;
    out[offset + 5 * points + q] = (1 - z) / met - shareBefore;
  }
}

interface Scratch {
  /** [node][point]: the product of factors on the way down, then the sum of the leaves on the way up */
  readonly products: Float64Array;
  /** [node]: state of the edge into the node */
  readonly states: Uint8Array;
  /** factors of one tree whose table is not kept */
  readonly factors: Float64Array;
}

function scratchFor(plans: readonly Plan[]): Scratch {
  let products = 0;
  let states = 0;
  let factors = 0;
  for (const plan of plans) {
    products = Math.max(products, plan.tree.nodes * plan.quadrature.nodes.length);
    states = Math.max(states, plan.tree.nodes);
    if (plan.factors === null) factors = Math.max(factors, 2 * edgeSize(plan));
  }
  return {
    products: new Float64Array(products),
    states: new Uint8Array(states),
    factors: new Float64Array(factors),
  };
}

function attributeTree(
  plan: Plan,
  row: Float64Array,
  scratch: Scratch,
  target: Float64Array,
): void {
  walkDown(plan, row, scratch);
  walkUp(plan, scratch, target);
}

function walkDown(plan: Plan, row: Float64Array, { products, states, factors }: Scratch): void {
  const { tree } = plan;
  const points = plan.quadrature.nodes.length;
  const size = edgeSize(plan);
  const table = plan.factors ?? factors;
  products.fill(1, 0, points);
  for (let node = 0; node < tree.nodes; node++) {
    const left = at(tree.leftChild, node);
    if (left === 0) {
      for (let q = 0; q < points; q++)
        products[node * points + q] =
          at(products, node * points + q) * at(tree.value, node) * at(plan.quadrature.weights, q);
      continue;
    }
    const last = at(plan.above, node);
    const alive = last < 0 || states[last] === 2;
    const goes = goesLeft(tree, node, row[at(tree.feature, node)] ?? NaN);
    states[left] = alive ? (goes ? 2 : 1) : 0;
    states[left + 1] = alive ? (goes ? 1 : 2) : 0;
    let from = left * size;
    if (plan.factors === null) {
      writeEdge(plan, node, left, factors, 0);
      writeEdge(plan, node, left + 1, factors, size);
      from = 0;
    }
    const leftFrom = from + at(states, left) * 2 * points;
    const rightFrom = from + size + at(states, left + 1) * 2 * points;
    for (let q = 0; q < points; q++) {
      const product = at(products, node * points + q);
      products[left * points + q] = product * at(table, leftFrom + q);
      products[(left + 1) * points + q] = product * at(table, rightFrom + q);
    }
  }
}

function walkUp(plan: Plan, { products, states, factors }: Scratch, target: Float64Array): void {
  const { tree } = plan;
  const points = plan.quadrature.nodes.length;
  const size = edgeSize(plan);
  const table = plan.factors ?? factors;
  for (let node = tree.nodes - 1; node >= 0; node--) {
    const left = at(tree.leftChild, node);
    if (left === 0) continue;
    let from = left * size;
    if (plan.factors === null) {
      writeEdge(plan, node, left, factors, 0);
      writeEdge(plan, node, left + 1, factors, size);
      from = 0;
    }
    const leftFrom = from + (at(states, left) * 2 + 1) * points;
    const rightFrom = from + size + (at(states, left + 1) * 2 + 1) * points;
    let sum = 0;
    for (let q = 0; q < points; q++) {
      const below = at(products, left * points + q);
      const besides = at(products, (left + 1) * points + q);
      sum += below * at(table, leftFrom + q) + besides * at(table, rightFrom + q);
      products[node * points + q] = below + besides;
    }
    const feature = at(tree.feature, node);
    target[feature] = at(target, feature) + sum;
  }
}

/** Mean of the leaves weighted by the cover ratios of their paths. */
function expectedValue(tree: Tree): number {
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
function at(array: Float64Array | Int32Array | Uint8Array, index: number): number {
  return array[index] as number;
}
