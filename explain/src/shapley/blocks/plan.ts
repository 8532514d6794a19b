import type { TreeModel } from '../../model/tree-model.ts';
import type { Ranks } from '../ranks.ts';
import { blockNumbers, cutTree, leafNumbers } from './cut.ts';
import type { Cut, LoneLeaf } from './cut.ts';

/** Bits of the largest block: larger ones leave the caches, smaller ones add more often. */
const MAX_BITS = 7;

/** Rows that a kernel takes at once; masks, ranks and totals hold this many neighbours. */
export const LANES = 4;

/**
 * What a kernel runs, the same numbers for each: a program over flat arrays. Per tree with a split
 * `[upper splits, blocks, lone leaves]`, then
 *
 * - per upper split `[place, left place, slot, constant, mask without its feature]`;
 * - per block `[place, table, mask of the features above, splits, features]`, per split `[slot, constant]`,
 *   per feature its total;
 * - per lone leaf `[place, table, mask of its features, features]`, per feature its total.
 *
 * `place` numbers masks, `table` numbers of the tables, totals are `output · features + feature`.
 */
export interface Plan {
  /** how its tables were made to fit, as part of the kernel's name: '' where nothing had to give way */
  readonly way: string;
  readonly program: Int32Array;
  /** numbers in the tables */
  readonly numbers: number;
  /** most masks that a tree needs */
  readonly places: number;
  /** most features on the path of a lone leaf */
  readonly widest: number;
  readonly slots: number;
  /** totals of one row: outputs times features */
  readonly totals: number;
  /** per tree of the model: its cut, or null when its tables do not fit and the background rows are walked */
  readonly cuts: readonly (Cut | null)[];
}

/** Cuts a model so that its tables take at most `maxTableBytes`. */
export function planModel(model: TreeModel, ranks: Ranks, maxTableBytes: number): Plan {
  const { cuts, way } = cutWithin(model, maxTableBytes);
  const code: number[] = [];
  const features = model.featureNames.length;
  let table = 0;
  cuts.forEach((cut, index) => {
    // A tree of one leaf attributes nothing, and has no mask to begin with.
    if (cut === null || cut.places === 0) return;
    const slotOf = ranks.slotOf[index] ?? new Int32Array(0);
    const constantOf = ranks.constantOf[index] ?? new Int32Array(0);
    const first = (model.trees[index]?.output ?? 0) * features;
    const question = (node: number): number[] => [slotOf[node] ?? 0, constantOf[node] ?? 0];
    code.push(cut.uppers.length, cut.blocks.length, cut.leaves.length);
    for (const { node, place, left, bit } of cut.uppers)
      code.push(place, left, ...question(node), ~(1 << bit));
    for (const block of cut.blocks) {
      code.push(block.place, table, 2 ** block.above - 1);
      code.push(block.splits.length, block.features.length);
      for (const node of block.splits) code.push(...question(node));
      for (const feature of block.features) code.push(first + feature);
      table += blockNumbers(block);
    }
    for (const { place, path } of cut.leaves) {
      code.push(place, table, 2 ** path.length - 1, path.length);
      for (const feature of path) code.push(first + feature);
      table += leafNumbers(path.length);
    }
  });
  const used = cuts.filter((cut) => cut !== null);
  return {
    way,
    program: Int32Array.from(code),
    numbers: table,
    places: used.reduce((most, { places }) => Math.max(most, places), 0),
    widest: used
      .flatMap(({ leaves }) => leaves)
      .reduce((most: number, { path }: LoneLeaf) => Math.max(most, path.length), 0),
    slots: ranks.slots,
    totals: model.outputs * features,
    cuts,
  };
}

/**
 * Blocks as large as fit: `/b5` names a cut into blocks of 5 bits. Where even lone leaves alone are too many, trees in their
 * order as long as they fit; which ones follows from the limit, which is then part of the name. A tree with a path of too many
 * features has no tables at any size; it is walked, and the others keep theirs.
 */
function cutWithin(
  model: TreeModel,
  maxTableBytes: number,
): { readonly cuts: readonly (Cut | null)[]; readonly way: string } {
  let cuts: (Cut | null)[] = [];
  for (let bits = MAX_BITS; bits >= 0; bits--) {
    cuts = model.trees.map((tree) => tabled(cutTree(tree, bits)));
    if (bytesOf(cuts) <= maxTableBytes) return { cuts, way: bits === MAX_BITS ? '' : `/b${bits}` };
  }
  let left = maxTableBytes;
  const fitting = cuts.map((cut) => {
    if (cut === null || cut.bytes > left) return null;
    left -= cut.bytes;
    return cut;
  });
  return { cuts: fitting, way: `/walk${maxTableBytes}` };
}

function tabled(cut: Cut): Cut | null {
  return cut.bytes === Infinity ? null : cut;
}

function bytesOf(cuts: readonly (Cut | null)[]): number {
  return cuts.reduce((sum, cut) => sum + (cut?.bytes ?? 0), 0);
}
