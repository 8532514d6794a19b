import type { Tree } from '../../model/tree.ts';
import type { WeightedRows } from '../background-loop.ts';
import type { Ranks } from '../ranks.ts';
import { writeRanks } from '../ranks.ts';

/** Background rows as the trees see them. */
export interface RankedRows extends WeightedRows {
  /** [distinct row][slot] */
  readonly ranks: Int32Array;
}

/** Rows with the same ranks are one with their weights together, in the order in which they first come. */
export function rankBackground(ranks: Ranks, rows: readonly Float64Array[]): RankedRows {
  const { slots } = ranks;
  const distinct: Float64Array[] = [];
  const weights: number[] = [];
  const byHash = new Map<number, number[]>();
  const own = new Int32Array(slots);
  let all: Int32Array = new Int32Array(slots);
  for (const row of rows) {
    writeRanks(ranks, row, own, 0, 1);
    const hash = hashOf(own);
    const alike = byHash.get(hash) ?? [];
    const known = alike.find((index) => isAt(all, index * slots, own));
    if (known !== undefined) {
      weights[known] = (weights[known] as number) + 1;
      continue;
    }
    const index = distinct.push(row) - 1;
    weights.push(1);
    byHash.set(hash, [...alike, index]);
    if ((index + 1) * slots > all.length) all = grown(all, rows.length * slots);
    all.set(own, index * slots);
  }
  return {
    rows: rows.length,
    distinct,
    weights: Float64Array.from(weights),
    ranks: all.slice(0, distinct.length * slots),
  };
}

/** FNV-1a over the numbers: equal ranks meet, and others seldom do. */
function hashOf(ranks: Int32Array): number {
  let hash = 0x811c9dc5;
  for (let slot = 0; slot < ranks.length; slot++)
    hash = Math.imul(hash ^ (ranks[slot] as number), 0x01000193);
  return hash;
}

function isAt(all: Int32Array, start: number, own: Int32Array): boolean {
  for (let slot = 0; slot < own.length; slot++) if (all[start + slot] !== own[slot]) return false;
  return true;
}

/** Twice as long, at most `most`. */
function grown(all: Int32Array, most: number): Int32Array {
  const longer = new Int32Array(Math.min(2 * all.length, most));
  longer.set(all);
  return longer;
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
