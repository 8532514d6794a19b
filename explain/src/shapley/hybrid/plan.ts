import type { Tree } from '../../model/tree.ts';
import { gaussLegendre } from '../../numeric/gauss-legendre.ts';
import type { Quadrature } from '../../numeric/gauss-legendre.ts';
import { edgeFactor, edgeInto, edgeShare, FAILED, NOT_TAKEN, TAKEN } from '../edges.ts';
import type { EdgeState } from '../edges.ts';
import type { Ranks } from '../ranks.ts';
import { writeBlockTable } from './block-table.ts';
import { blockRows, cutTree } from './cut.ts';
import type { Block, Cut } from './cut.ts';

/** Ints of `code` at the beginning of a tree, per upper node, and at the beginning of a block. */
export const TREE_INTS = 5;
export const UPPER_INTS = 6;
export const BLOCK_INTS = 5;

/** Lines of numbers per upper node and state: factors of both edges, then their shares. */
const EDGE_LINES = 4;
/** States of both edges below an upper node: its feature had failed above; the row goes right; it goes left. */
const UPPER_STATES: readonly (readonly [left: EdgeState, right: EdgeState])[] = [
  [FAILED, FAILED],
  [NOT_TAKEN, TAKEN],
  [TAKEN, NOT_TAKEN],
];
/** Numbers per upper node for each quadrature point. */
export const UPPER_NUMBERS = UPPER_STATES.length * EDGE_LINES;

/**
 * Trees as flat arrays, which both engines read alike. `code` holds tree after tree
 *
 * - pairs of quadrature points, upper nodes, blocks, place in `tables` of the upper nodes, ints of this tree;
 * - per upper node: slot, slot of the left child, rank slot, constant, bit, cell;
 * - per block: slot, place in `tables`, dups, splits, cells; then the bits of the dups, rank slot and constant of each split, the cells.
 *
 * `tables` holds per upper node [state][factors left, factors right, shares left, shares right][point], and per block
 * what `writeBlockTable` says. A cell is a place of attributions: output · features + feature.
 */
export interface Plan {
  readonly trees: number;
  readonly code: Int32Array;
  readonly tables: Float64Array;
  /** scratch of the largest tree */
  readonly slots: number;
  readonly uppers: number;
  readonly products: number;
}

/** Which trees fit `maxTableBytes`, in order; the others are in `rest`. Trees of one leaf are in neither. */
export function planTrees(
  trees: readonly Tree[],
  ranks: Ranks,
  features: number,
  maxTableBytes: number,
): { plan: Plan; rest: Tree[] } {
  const rest: Tree[] = [];
  const cuts: { cut: Cut; index: number }[] = [];
  let [ints, numbers] = [0, 0];
  trees.forEach((tree, index) => {
    if (tree.nodes === 1) return;
    const cut = cutTree(tree);
    const size = cut === null ? null : sizeOf(cut);
    if (cut === null || size === null || bytesOf(ints, numbers, size) > maxTableBytes) {
      rest.push(tree);
      return;
    }
    ints += size.ints;
    numbers += size.numbers;
    cuts.push({ cut, index });
  });
  const writer = new PlanWriter(new Int32Array(ints), new Float64Array(numbers), features);
  for (const { cut, index } of cuts) writer.tree(cut, testsOf(ranks, index));
  const { code, tables } = writer;
  const scratch = scratchOf(cuts.map(({ cut }) => cut));
  return { plan: { trees: cuts.length, code, tables, ...scratch }, rest };
}

interface Size {
  readonly ints: number;
  readonly numbers: number;
}

function bytesOf(ints: number, numbers: number, more: Size): number {
  return (ints + more.ints) * 4 + (numbers + more.numbers) * 8;
}

function sizeOf({ vectors, uppers, blocks }: Cut): Size {
  let ints = TREE_INTS + uppers.length * UPPER_INTS;
  let lines = uppers.length * UPPER_NUMBERS;
  for (const block of blocks) {
    ints += BLOCK_INTS + block.dupBits.length + 2 * block.splits.length + block.features.length;
    lines += blockRows(block);
  }
  return { ints, numbers: lines * 2 * vectors };
}

function scratchOf(cuts: readonly Cut[]): Pick<Plan, 'slots' | 'uppers' | 'products'> {
  let [slots, uppers, products] = [0, 0, 0];
  for (const cut of cuts) {
    slots = Math.max(slots, cut.slots);
    uppers = Math.max(uppers, cut.uppers.length);
    products = Math.max(products, cut.slots * 2 * cut.vectors);
  }
  return { slots, uppers, products };
}

interface Tests {
  readonly slot: Int32Array;
  readonly constant: Int32Array;
}

function testsOf(ranks: Ranks, index: number): Tests {
  const [slot, constant] = [ranks.slotOf[index], ranks.constantOf[index]];
  if (slot === undefined || constant === undefined) throw new RangeError('ranks of other trees');
  return { slot, constant };
}

class PlanWriter {
  readonly code: Int32Array;
  readonly tables: Float64Array;
  readonly #features: number;
  #ints = 0;
  #numbers = 0;

  constructor(code: Int32Array, tables: Float64Array, features: number) {
    this.code = code;
    this.tables = tables;
    this.#features = features;
  }

  tree(cut: Cut, tests: Tests): void {
    const { uppers, blocks, vectors } = cut;
    const quadrature = padded(cut.paths.widest, 2 * vectors);
    this.#put(vectors, uppers.length, blocks.length, this.#numbers, sizeOf(cut).ints);
    for (const { node, slot, leftSlot } of uppers) {
      const cell = this.#cell(cut, cut.tree.feature[node] ?? 0);
      this.#put(slot, leftSlot, ...testAt(tests, node), cut.bit[node] ?? 0, cell);
      this.#writeUpper(cut, node, quadrature);
    }
    for (const block of blocks) this.#block(cut, block, tests, quadrature);
  }

  #block(cut: Cut, block: Block, tests: Tests, quadrature: Quadrature): void {
    const { slot, dupBits, splits, features } = block;
    this.#put(slot, this.#numbers, dupBits.length, splits.length, features.length, ...dupBits);
    for (const split of splits) this.#put(...testAt(tests, split));
    for (const { feature } of features) this.#put(this.#cell(cut, feature));
    writeBlockTable(cut, block, quadrature, this.tables, this.#numbers);
    this.#numbers += blockRows(block) * quadrature.nodes.length;
  }

  #writeUpper({ tree, paths }: Cut, node: number, { nodes }: Quadrature): void {
    const left = tree.leftChild[node] ?? 0;
    const edges = [edgeInto(paths, left), edgeInto(paths, left + 1)] as const;
    for (const [ofLeft, ofRight] of UPPER_STATES)
      for (const value of [edgeFactor, edgeShare])
        for (const [state, edge] of [
          [ofLeft, edges[0]],
          [ofRight, edges[1]],
        ] as const)
          for (const x of nodes) this.tables[this.#numbers++] = value(state, edge, x);
  }

  #cell({ tree }: Cut, feature: number): number {
    return tree.output * this.#features + feature;
  }

  #put(...ints: readonly number[]): void {
    this.code.set(ints, this.#ints);
    this.#ints += ints.length;
  }
}

function testAt({ slot, constant }: Tests, split: number): [slot: number, constant: number] {
  return [slot[split] ?? 0, constant[split] ?? 0];
}

/** The quadrature that is exact for `features` on one path, and points without weight up to `points`. */
function padded(features: number, points: number): Quadrature {
  const { nodes, weights } = gaussLegendre(Math.max(1, Math.ceil(features / 2)));
  const wide = { nodes: new Float64Array(points).fill(0.5), weights: new Float64Array(points) };
  wide.nodes.set(nodes);
  wide.weights.set(weights);
  return wide;
}
