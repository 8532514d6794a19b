import type { Tree } from '../../model/tree.ts';
import type { WeightedRows } from '../background-loop.ts';
import type { Ranks } from '../ranks.ts';
import { writeRanks } from '../ranks.ts';

/** Background rows as the trees see them. */
export interface RankedRows extends WeightedRows {
  /** [distinct row][slot] */
  readonly ranks: Int32Array;
}

export function rankBackground(ranks: Ranks, rows: readonly Float64Array[]): RankedRows {
  const found = new Map<string, { row: Float64Array; ranks: Int32Array; weight: number }>();
  for (const row of rows) {
    const ofRow = new Int32Array(ranks.slots);
    writeRanks(ranks, row, ofRow, 0, 1);
    const key = ofRow.join();
    const known = found.get(key);
    if (known === undefined) found.set(key, { row, ranks: ofRow, weight: 1 });
    else known.weight++;
  }
  const list = [...found.values()];
  const all = new Int32Array(list.length * ranks.slots);
  list.forEach((one, index) => {
    all.set(one.ranks, index * ranks.slots);
  });
  return {
    rows: rows.length,
    distinct: list.map(({ row }) => row),
    weights: Float64Array.from(list, ({ weight }) => weight),
    ranks: all,
  };
}

/** A tree with what its splits ask and the position of their features on the path. */
export interface RankedTree {
  readonly tree: Tree;
  readonly slotOf: Int32Array;
  readonly constantOf: Int32Array;
}

/**
 * Per leaf: how many background rows show each pattern on its path (bit j: the row meets every condition on the j-th
 * feature). Every row goes down both sides of every split; its bit falls on the side that it does not take. Cost:
 * distinct rows times nodes.
 */
export function countPatterns(
  { tree, slotOf, constantOf }: RankedTree,
  slots: number,
  { ranks, weights }: RankedRows,
): readonly Float64Array[] {
  const { bit, features } = pathBits(tree);
  const counts = Array.from({ length: tree.nodes }, (_, node) =>
    tree.leftChild[node] === 0 ? new Float64Array(2 ** (features[node] ?? 0)) : EMPTY,
  );
  const patterns = new Int32Array(tree.nodes);
  for (let row = 0; row < weights.length; row++) {
    patterns[0] = -1;
    for (let node = 0; node < tree.nodes; node++) {
      const left = tree.leftChild[node] as number;
      const pattern = patterns[node] as number;
      if (left === 0) {
        const count = counts[node] as Float64Array;
        const at = pattern & (count.length - 1);
        count[at] = (count[at] as number) + (weights[row] as number);
        continue;
      }
      const fallen = pattern & ~(1 << (bit[node] as number));
      const rank = ranks[row * slots + (slotOf[node] as number)] as number;
      const isLeft = rank < (constantOf[node] as number);
      patterns[left] = isLeft ? pattern : fallen;
      patterns[left + 1] = isLeft ? fallen : pattern;
    }
  }
  return counts;
}

const EMPTY = new Float64Array(0);

/** Per split the position of its feature on the path; per node the number of features on its path. */
function pathBits(tree: Tree): { bit: Uint8Array; features: Uint8Array } {
  const bit = new Uint8Array(tree.nodes);
  const features = new Uint8Array(tree.nodes);
  const paths: (readonly number[])[] = new Array<readonly number[]>(tree.nodes).fill([]);
  for (let node = 0; node < tree.nodes; node++) {
    const path = paths[node] ?? [];
    features[node] = path.length;
    const left = tree.leftChild[node] ?? 0;
    if (left === 0) continue;
    const feature = tree.feature[node] ?? 0;
    const known = path.indexOf(feature);
    bit[node] = known < 0 ? path.length : known;
    paths[left] = paths[left + 1] = known < 0 ? [...path, feature] : path;
  }
  return { bit, features };
}
