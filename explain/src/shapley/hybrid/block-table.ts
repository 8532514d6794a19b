import type { Quadrature } from '../../numeric/gauss-legendre.ts';
import { edgeFactor, edgeShare, FAILED, NOT_TAKEN, TAKEN } from '../edges.ts';
import type { Edge, EdgeState } from '../edges.ts';
import type { Block, Cut } from './cut.ts';

const STATES = [FAILED, NOT_TAKEN, TAKEN] as const;

/** What one leaf of a block asks of one feature. */
interface Condition {
  /** row of the feature in the table */
  readonly row: number;
  /** bit of the pattern that says whether the feature was met above; 0 for a new feature */
  readonly dup: number;
  /** bits of the splits on the feature above the leaf, and those of them that are set where it is met */
  readonly asked: number;
  readonly wanted: number;
  /** [state][point] */
  readonly factors: readonly Float64Array[];
  readonly shares: readonly Float64Array[];
}

/**
 * Writes the table of a block from `offset`: [pattern][leaves, then each feature][point]. Bits of a pattern: the
 * features that were asked above, then the splits in preorder, 1 where the row goes left. A row of leaves holds Σ v w Π G, that of a feature
 * Σ v w K Π G, over the leaves of the block and the factors within the block.
 */
export function writeBlockTable(
  cut: Cut,
  block: Block,
  quadrature: Quadrature,
  tables: Float64Array,
  offset: number,
): void {
  const { splits, dupBits, features } = block;
  const patterns = 2 ** (splits.length + dupBits.length);
  const rowSize = quadrature.nodes.length;
  const leaves = leavesOf(cut, block).map((leaf) => ({
    value: cut.tree.value[leaf] ?? NaN,
    conditions: conditionsOf(cut, block, leaf, quadrature),
  }));
  for (let pattern = 0; pattern < patterns; pattern++) {
    const start = offset + pattern * (1 + features.length) * rowSize;
    for (const { value, conditions } of leaves) {
      const states = conditions.map((condition) => stateIn(condition, pattern));
      quadrature.weights.forEach((weight, q) => {
        let product = value * weight;
        conditions.forEach(({ factors }, i) => (product *= factors[states[i] ?? 0]?.[q] ?? NaN));
        add(tables, start + q, product);
        conditions.forEach(({ row, shares }, i) =>
          add(tables, start + row * rowSize + q, (shares[states[i] ?? 0]?.[q] ?? NaN) * product),
        );
      });
    }
  }
}

function stateIn({ dup, asked, wanted }: Condition, pattern: number): EdgeState {
  if (dup !== 0 && (pattern & dup) === 0) return FAILED;
  return (pattern & asked) === wanted ? TAKEN : NOT_TAKEN;
}

function leavesOf({ tree }: Cut, { root }: Block): readonly number[] {
  const leaves: number[] = [];
  const visit = (node: number): void => {
    const left = tree.leftChild[node] ?? 0;
    if (left === 0) leaves.push(node);
    else [left, left + 1].forEach(visit);
  };
  visit(root);
  return leaves;
}

/** The conditions between the root of the block and a leaf, one per feature. */
function conditionsOf(cut: Cut, block: Block, leaf: number, { nodes }: Quadrature): Condition[] {
  const { tree, paths } = cut;
  return block.features.flatMap(({ feature, dup, before }, index) => {
    let [asked, wanted, ratio, zero] = [0, 0, 1, NaN];
    for (let node = leaf; node !== block.root; node = paths.parent[node] ?? 0) {
      const split = paths.parent[node] ?? 0;
      if (tree.feature[split] !== feature) continue;
      const bit = 1 << (block.dupBits.length + block.splits.indexOf(split));
      asked |= bit;
      if (node === tree.leftChild[split]) wanted |= bit;
      ratio *= paths.ratio[node] ?? NaN;
      // The lowest edge on the feature knows the product of all of them.
      if (Number.isNaN(zero)) zero = paths.zero[node] ?? NaN;
    }
    if (asked === 0) return [];
    const edge: Edge = { ratio, before, zero };
    const by = (of: typeof edgeFactor): Float64Array[] =>
      STATES.map((state) => nodes.map((x) => of(state, edge, x)));
    return {
      row: 1 + index,
      dup: dup < 0 ? 0 : 1 << dup,
      asked,
      wanted,
      factors: by(edgeFactor),
      shares: by(edgeShare),
    };
  });
}

function add(array: Float64Array, index: number, amount: number): void {
  array[index] = (array[index] ?? NaN) + amount;
}
