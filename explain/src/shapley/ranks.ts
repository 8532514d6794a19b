import type { Tree } from '../model/tree.ts';

/*
 * Every question of the trees becomes a comparison of two small integers: the distinct thresholds of a feature are
 * sorted, a split on the i-th of them (from 0) holds the constant i + 1, and a row has as its rank the number of
 * thresholds below its value. It goes left iff rank < constant. Missing values and categories differ by split, so
 * each distinct way of asking a feature has a slot of its own for the rank.
 */

/** The questions of a model. */
export interface Ranks {
  /** number of ways of asking: the ranks of one row */
  readonly slots: number;
  /** per slot: the feature asked */
  readonly feature: Int32Array;
  /** per slot: the list that is searched; slots that share one are neighbours */
  readonly list: Int32Array;
  /** per slot: 1 when its list is a set of categories, which go right */
  readonly isSet: Uint8Array;
  /** per slot: the rank of a missing value */
  readonly missing: Int32Array;
  /** per slot: 1 when 0 counts as missing */
  readonly zeroMissing: Uint8Array;
  /** where each list begins in `values`; one more at the end */
  readonly listStart: Int32Array;
  /** thresholds or categories, sorted within each list */
  readonly values: Float64Array;
  /** per tree and node: slot and constant of a split; 0 at a leaf */
  readonly slotOf: readonly Int32Array[];
  readonly constantOf: readonly Int32Array[];
}

/** Below every constant, even the 0 of a split to whose left no value belongs. */
const LEFT = -1;

interface List {
  readonly feature: number;
  readonly isSet: boolean;
  values: Float64Array;
  /** slot of each way of asking, by default side and whether 0 is missing */
  readonly ways: Map<number, number>;
}

/** The questions of all trees. */
export function rankTrees(trees: readonly Tree[]): Ranks {
  const lists = new Map<string, List>();
  const thresholds = new Map<string, Set<number>>();
  for (const tree of trees)
    for (let node = 0; node < tree.nodes; node++) {
      if (tree.leftChild[node] === 0) continue;
      const key = keyOf(tree, node);
      listFor(lists, key, tree, node).ways.set(wayOf(tree, node), 0);
      if (isSet(tree, node)) continue;
      const seen = thresholds.get(key) ?? new Set();
      thresholds.set(key, seen.add(tree.threshold[node] ?? NaN));
    }
  for (const [key, seen] of thresholds) {
    const list = lists.get(key);
    const numbers = [...seen].filter((threshold) => !Number.isNaN(threshold));
    if (list !== undefined) list.values = Float64Array.from(numbers).sort();
  }
  let slots = 0;
  for (const { ways } of lists.values()) for (const way of ways.keys()) ways.set(way, slots++);
  return {
    ...packed([...lists.values()], slots),
    slotOf: trees.map((tree) =>
      perSplit(tree, (node) => lists.get(keyOf(tree, node))?.ways.get(wayOf(tree, node)) ?? 0),
    ),
    constantOf: trees.map((tree) =>
      perSplit(tree, (node) => constant(lists.get(keyOf(tree, node)), tree.threshold[node] ?? NaN)),
    ),
  };
}

function isSet(tree: Tree, node: number): boolean {
  const categories = tree.categories[node];
  return categories !== null && categories !== undefined;
}

function keyOf(tree: Tree, node: number): string {
  const feature = String(tree.feature[node]);
  return isSet(tree, node) ? `${feature}:${String(tree.categories[node])}` : feature;
}

function wayOf(tree: Tree, node: number): number {
  return (tree.defaultLeft[node] ?? 0) + 2 * (tree.zeroMissing?.[node] ?? 0);
}

function listFor(lists: Map<string, List>, key: string, tree: Tree, node: number): List {
  const known = lists.get(key);
  if (known !== undefined) return known;
  const list = {
    feature: tree.feature[node] ?? 0,
    isSet: isSet(tree, node),
    values: Float64Array.from(tree.categories[node] ?? []),
    ways: new Map<number, number>(),
  };
  lists.set(key, list);
  return list;
}

function constant(list: List | undefined, threshold: number): number {
  if (list === undefined || list.isSet) return 1;
  return Number.isNaN(threshold)
    ? 0
    : countBelow(list.values, 0, list.values.length, threshold) + 1;
}

function perSplit(tree: Tree, value: (node: number) => number): Int32Array {
  return Int32Array.from({ length: tree.nodes }, (_, node) =>
    tree.leftChild[node] === 0 ? 0 : value(node),
  );
}

function packed(lists: readonly List[], slots: number): Omit<Ranks, 'slotOf' | 'constantOf'> {
  const ranks = {
    slots,
    feature: new Int32Array(slots),
    list: new Int32Array(slots),
    isSet: new Uint8Array(slots),
    missing: new Int32Array(slots),
    zeroMissing: new Uint8Array(slots),
    listStart: new Int32Array(lists.length + 1),
    values: Float64Array.from(lists.flatMap(({ values }) => [...values])),
  };
  lists.forEach((list, index) => {
    ranks.listStart[index + 1] = (ranks.listStart[index] ?? 0) + list.values.length;
    for (const [way, slot] of list.ways) {
      ranks.feature[slot] = list.feature;
      ranks.list[slot] = index;
      ranks.isSet[slot] = list.isSet ? 1 : 0;
      ranks.missing[slot] = (way & 1) === 1 ? LEFT : list.isSet ? 1 : list.values.length;
      ranks.zeroMissing[slot] = way >> 1;
    }
  });
  return ranks;
}

/** Writes the ranks of a cast row: that of slot s to `out[offset + s * stride]`. Allocates nothing. */
export function writeRanks(
  ranks: Ranks,
  row: Float64Array,
  out: Int32Array,
  offset: number,
  stride: number,
): void {
  const { slots, feature, list, isSet: sets, missing, zeroMissing, listStart, values } = ranks;
  let searched = -1;
  let rank = 0;
  for (let slot = 0; slot < slots; slot++) {
    const x = row[feature[slot] as number] as number;
    if (Number.isNaN(x) || (x === 0 && zeroMissing[slot] === 1)) {
      out[offset + slot * stride] = missing[slot] as number;
      continue;
    }
    if (list[slot] !== searched) {
      searched = list[slot] as number;
      const start = listStart[searched] as number;
      const end = listStart[searched + 1] as number;
      rank = sets[slot] === 1 ? isListed(values, start, end, x) : countBelow(values, start, end, x);
    }
    out[offset + slot * stride] = rank;
  }
}

/** How many of the sorted values from `start` to `end` are below x. */
function countBelow(values: Float64Array, start: number, end: number, x: number): number {
  let low = start;
  let high = end;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((values[middle] as number) < x) low = middle + 1;
    else high = middle;
  }
  return low - start;
}

/** 1 for a category of the set, else 0: a fraction is cut off, anything negative or unknown is not listed. */
function isListed(values: Float64Array, start: number, end: number, x: number): number {
  const category = Math.trunc(x);
  const at = start + countBelow(values, start, end, category);
  return x >= 0 && at < end && values[at] === category ? 1 : 0;
}
