import { splitsBelow } from '../../model/tree.ts';
import type { Tree } from '../../model/tree.ts';
import { lastOnFeature, treePaths } from '../edges.ts';
import type { TreePaths } from '../edges.ts';

/*
 * A tree is cut into upper nodes, which cost a few multiplications by quadrature each, and blocks at its bottom: a leaf,
 * or a subtree of few splits, whose sums are read from a table by the pattern of its splits.
 */

/** Most splits in a block. */
const MAX_BLOCK_SPLITS = 3;
/** Most bits in the pattern of a block: its splits, and its features that were asked above. */
const MAX_PATTERN_BITS = 5;
/** Bits of a mask: most features on one path. */
const MAX_PATH_FEATURES = 32;

/** A split above the blocks. Slots number upper nodes and blocks together, breadth first; two children are neighbours. */
export interface Upper {
  readonly node: number;
  readonly slot: number;
  readonly leftSlot: number;
}

/** A feature that a block asks. */
export interface BlockFeature {
  readonly feature: number;
  /** place among the features of the block that were asked above, and so in the pattern; -1 for a new feature */
  readonly dup: number;
  /** z of the feature above the block: 1 when it is new */
  readonly before: number;
}

export interface Block {
  readonly root: number;
  readonly slot: number;
  /** its splits in preorder */
  readonly splits: readonly number[];
  readonly features: readonly BlockFeature[];
  /** bits of the masks of features that were asked above, by `dup` */
  readonly dupBits: readonly number[];
}

export interface Cut {
  readonly tree: Tree;
  readonly paths: TreePaths;
  /** pairs of quadrature points */
  readonly vectors: number;
  readonly slots: number;
  readonly uppers: readonly Upper[];
  /** blocks of one shape side by side: their loops then run alike */
  readonly blocks: readonly Block[];
  /** per split: the place of its feature on the path, its bit in the mask */
  readonly bit: Int32Array;
}

/** The tree in upper nodes and blocks; null when a path has more features than a mask has bits. */
export function cutTree(tree: Tree): Cut | null {
  const paths = treePaths(tree);
  if (paths.widest > MAX_PATH_FEATURES) return null;
  const bit = bitsOf(tree, paths);
  const size = splitsBelow(tree);
  const queue = [0];
  const uppers: Upper[] = [];
  const blocks: Block[] = [];
  for (let slot = 0; slot < queue.length; slot++) {
    const node = queue[slot] ?? 0;
    const block =
      (size[node] ?? 0) > MAX_BLOCK_SPLITS ? null : blockAt({ tree, paths, bit }, node, slot);
    if (block !== null) {
      blocks.push(block);
      continue;
    }
    const left = tree.leftChild[node] ?? 0;
    uppers.push({ node, slot, leftSlot: queue.length });
    queue.push(left, left + 1);
  }
  const points = Math.max(1, Math.ceil(paths.widest / 2));
  return {
    tree,
    paths,
    vectors: Math.ceil(points / 2),
    slots: queue.length,
    uppers,
    blocks: blocks.sort((one, other) => shapeOf(one) - shapeOf(other) || one.slot - other.slot),
    bit,
  };
}

/** Rows of the table of a block: one for the leaves and one per feature, for each pattern. */
export function blockRows({ splits, features, dupBits }: Block): number {
  return 2 ** (splits.length + dupBits.length) * (1 + features.length);
}

function shapeOf({ splits, features, dupBits }: Block): number {
  return (splits.length * 8 + dupBits.length) * 8 + features.length;
}

function bitsOf(tree: Tree, { above, parent, unique }: TreePaths): Int32Array {
  const bit = new Int32Array(tree.nodes);
  for (let node = 0; node < tree.nodes; node++) {
    if (tree.leftChild[node] === 0) continue;
    const last = above[node] ?? -1;
    bit[node] = (last < 0 ? unique[node] : bit[parent[last] ?? 0]) ?? 0;
  }
  return bit;
}

/** The block at `root`, which has few splits; null when its pattern would be too wide. */
function blockAt(
  { tree, paths, bit }: Pick<Cut, 'tree' | 'paths' | 'bit'>,
  root: number,
  slot: number,
): Block | null {
  const splits: number[] = [];
  const features: BlockFeature[] = [];
  const dupBits: number[] = [];
  const visit = (node: number): void => {
    const left = tree.leftChild[node] ?? 0;
    if (left === 0) return;
    splits.push(node);
    const feature = tree.feature[node] ?? 0;
    if (!features.some((known) => known.feature === feature)) {
      const last = lastOnFeature(tree, paths.parent, root, feature);
      const dup = last < 0 ? -1 : dupBits.push(bit[paths.parent[last] ?? 0] ?? 0) - 1;
      features.push({ feature, dup, before: last < 0 ? 1 : (paths.zero[last] ?? NaN) });
    }
    visit(left);
    visit(left + 1);
  };
  visit(root);
  if (splits.length + dupBits.length > MAX_PATTERN_BITS) return null;
  return { root, slot, splits, features, dupBits };
}
