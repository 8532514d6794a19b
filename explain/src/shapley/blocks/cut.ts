import { splitsBelow } from '../../model/tree.ts';
import type { Tree } from '../../model/tree.ts';

/*
 * A tree is cut into upper splits, blocks and single leaves. Upper splits are walked for every row and hand down a mask:
 * bit j is set while the row meets every condition on the j-th feature of the path. A block is a subtree small enough
 * that all that a row can do in it - which features of the path it still meets, where it goes at each split - indexes one
 * table. A leaf that lies too deep for a block of its own has a table by mask alone.
 */

/** A split that is walked; `place` numbers the masks, those of its children are `left` and `left + 1`. */
export interface UpperSplit {
  readonly node: number;
  readonly place: number;
  readonly left: number;
  /** position of its feature on the path */
  readonly bit: number;
}

/** A side of a split inside a block: the split's position in preorder, the side, and the feature's position on the path. */
export interface Condition {
  readonly split: number;
  readonly isLeft: boolean;
  readonly bit: number;
}

export interface BlockLeaf {
  readonly node: number;
  /** features of its whole path, in order of first split */
  readonly path: readonly number[];
  readonly conditions: readonly Condition[];
}

export interface Block {
  readonly place: number;
  /** features of the path above, then those new in the block, in preorder */
  readonly features: readonly number[];
  /** how many features lie above */
  readonly above: number;
  /** nodes of its splits, in preorder */
  readonly splits: readonly number[];
  readonly leaves: readonly BlockLeaf[];
}

export interface LoneLeaf {
  readonly node: number;
  readonly place: number;
  readonly path: readonly number[];
}

export interface Cut {
  readonly uppers: readonly UpperSplit[];
  readonly blocks: readonly Block[];
  readonly leaves: readonly LoneLeaf[];
  /** number of masks */
  readonly places: number;
  /** bytes of its tables; Infinity when a path holds too many features for any */
  readonly bytes: number;
}

/** Features on the path of a leaf above which its table is larger than it is worth. */
const MOST_FEATURES = 16;

/** Numbers in the table of a block: a row of attributions for each pattern. */
export function blockNumbers({ above, splits, features }: Block): number {
  return features.length * 2 ** (above + splits.length);
}

/** Numbers in the table of a lone leaf with k features: one per mask and one more. */
export function leafNumbers(features: number): number {
  return 2 ** features + 1;
}

/** Cuts a tree into blocks whose pattern takes at most `maxBits` bits, with upper splits above and lone leaves beside. */
export function cutTree(tree: Tree, maxBits: number): Cut {
  const splitCounts = splitsBelow(tree);
  const uppers: UpperSplit[] = [];
  const blocks: Block[] = [];
  const leaves: LoneLeaf[] = [];
  const queue: { node: number; path: readonly number[] }[] =
    tree.nodes > 1 ? [{ node: 0, path: [] }] : [];
  for (let place = 0; place < queue.length; place++) {
    const { node, path } = queue[place] ?? { node: 0, path: [] };
    const splits = splitCounts[node] ?? 0;
    if (path.length + splits <= maxBits) {
      blocks.push(blockAt(tree, node, place, path));
    } else if (splits === 0) {
      leaves.push({ node, place, path });
    } else {
      const { bit, below } = descend(path, tree.feature[node] ?? 0);
      const child = tree.leftChild[node] ?? 0;
      uppers.push({ node, place, left: queue.length, bit });
      queue.push({ node: child, path: below }, { node: child + 1, path: below });
    }
  }
  return { uppers, blocks, leaves, places: queue.length, bytes: 8 * numbers(blocks, leaves) };
}

function numbers(blocks: readonly Block[], leaves: readonly LoneLeaf[]): number {
  let total = 0;
  for (const block of blocks) total += blockNumbers(block);
  for (const { path } of leaves)
    total += path.length > MOST_FEATURES ? Infinity : leafNumbers(path.length);
  return total;
}

/** Position of a feature on a path, and the path below a split on it. */
function descend(
  path: readonly number[],
  feature: number,
): { bit: number; below: readonly number[] } {
  const known = path.indexOf(feature);
  return known < 0 ? { bit: path.length, below: [...path, feature] } : { bit: known, below: path };
}

function blockAt(tree: Tree, root: number, place: number, path: readonly number[]): Block {
  const features = [...path];
  const splits: number[] = [];
  const leaves: BlockLeaf[] = [];
  const visit = (
    node: number,
    above: readonly number[],
    conditions: readonly Condition[],
  ): void => {
    const left = tree.leftChild[node] ?? 0;
    if (left === 0) {
      leaves.push({ node, path: above, conditions });
      return;
    }
    const feature = tree.feature[node] ?? 0;
    if (!features.includes(feature)) features.push(feature);
    const { bit, below } = descend(above, feature);
    const split = splits.push(node) - 1;
    visit(left, below, [...conditions, { split, isLeft: true, bit }]);
    visit(left + 1, below, [...conditions, { split, isLeft: false, bit }]);
  };
  visit(root, path, []);
  return { place, features, above: path.length, splits, leaves };
}
