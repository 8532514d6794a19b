import type { Tree } from '../../model/tree.ts';
import type { TreeModel } from '../../model/tree-model.ts';
import { shapleyWeights } from '../../numeric/shapley-weights.ts';
import type { Ranks } from '../ranks.ts';
import { countPatterns } from './background.ts';
import type { RankedRows } from './background.ts';
import { blockNumbers, leafNumbers } from './cut.ts';
import type { Block, BlockLeaf } from './cut.ts';
import { attributionsByMask, shares, writeMaskSums } from './leaf-game.ts';
import type { Weights } from './leaf-game.ts';
import type { Plan } from './plan.ts';

/**
 * Writes the tables of a plan, tree by tree in the order of its program. Cost: distinct background rows times nodes, plus
 * k²·2^k for a leaf with k features, plus the size of the tables times the leaves of a block.
 */
export function writeTables(
  plan: Plan,
  model: TreeModel,
  ranks: Ranks,
  background: RankedRows,
  out: Float64Array,
): void {
  const depth = model.trees.reduce((most, tree) => Math.max(most, tree.depth), 1);
  const weights = { weights: shapleyWeights(depth), stride: depth };
  let start = 0;
  plan.cuts.forEach((cut, index) => {
    const tree = model.trees[index];
    const slotOf = ranks.slotOf[index];
    const constantOf = ranks.constantOf[index];
    if (cut === null || tree === undefined || !slotOf || !constantOf) return;
    const counts = countPatterns({ tree, slotOf, constantOf }, ranks.slots, background);
    const { rows } = background;
    for (const block of cut.blocks) {
      writeBlock(block, { tree, counts, rows, weights }, out, start);
      start += blockNumbers(block);
    }
    for (const { node, path } of cut.leaves) {
      const share = shares(counts[node] ?? new Float64Array(1));
      writeMaskSums(share, path.length, tree.value[node] ?? NaN, rows, weights, out, start);
      start += leafNumbers(path.length);
    }
  });
}

interface Known {
  readonly tree: Tree;
  readonly counts: readonly Float64Array[];
  readonly rows: number;
  readonly weights: Weights;
}

/** A row of attributions per pattern, the sum over the leaves of the block. */
function writeBlock(block: Block, known: Known, out: Float64Array, start: number): void {
  const { tree, counts, rows, weights } = known;
  const width = block.features.length;
  const patterns = 2 ** (block.above + block.splits.length);
  for (const leaf of block.leaves) {
    const k = leaf.path.length;
    const share = shares(counts[leaf.node] ?? new Float64Array(1));
    const byMask = attributionsByMask(share, k, (tree.value[leaf.node] ?? NaN) / rows, weights);
    const column = leaf.path.map((feature) => block.features.indexOf(feature));
    for (let pattern = 0; pattern < patterns; pattern++) {
      const from = maskOf(leaf, block.above, pattern) * k;
      const to = start + pattern * width;
      for (let j = 0; j < k; j++) {
        const at = to + (column[j] as number);
        out[at] = (out[at] as number) + (byMask[from + j] as number);
      }
    }
  }
}

/** The features of the leaf's path whose conditions a row of this pattern meets. */
function maskOf({ path, conditions }: BlockLeaf, above: number, pattern: number): number {
  const aboveBits = 2 ** above - 1;
  let mask = (2 ** path.length - 1) & (pattern | ~aboveBits);
  for (const { split, isLeft, bit } of conditions)
    if (((pattern >> (above + split)) & 1) !== (isLeft ? 1 : 0)) mask &= ~(1 << bit);
  return mask;
}
