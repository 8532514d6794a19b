import { goesLeft } from '../model/tree.ts';
import type { Tree } from '../model/tree.ts';
import type { TreeModel } from '../model/tree-model.ts';

/**
 * The trees of one output in flat arrays, thresholds replaced by their places: feature f's thresholds a_0 < a_1 < … cut
 * its values into cells, cell r holding those with r thresholds below them, and a split on a_i goes left iff r <= i.
 * Within a cell the model is constant.
 */
export interface CellTrees {
  /** node of each tree's root */
  readonly roots: Int32Array;
  /** left child, absolute; 0 at a leaf */
  readonly leftChild: Int32Array;
  readonly feature: Int32Array;
  /** place of the split's threshold; -1 where nothing goes left */
  readonly place: Int32Array;
  readonly value: Float64Array;
  /** [feature] sorted thresholds */
  readonly thresholds: readonly Float64Array[];
  /** [feature] trees that split on it */
  readonly asking: readonly Int32Array[];
  /** [feature] whether a split on it is by category */
  readonly isCategorical: readonly boolean[];
  readonly base: number;
  /** more than the scores of any row may differ by the order and the type that leaves are added in */
  readonly uncertainty: number;
  /** Sets the sides (1 = left) of all splits on a feature, for a value as the model casts it. */
  readonly turn: (sides: Uint8Array, feature: number, value: number) => void;
}

/** @param output  trees that add to another one are left out */
export function cellTrees(model: TreeModel, output: number): CellTrees {
  const trees = model.trees.filter((tree) => tree.output === output);
  const features = model.featureNames.length;
  const thresholds = collectThresholds(trees, features);
  const flat = flatten(trees, thresholds);
  const base = model.base[output] ?? 0;
  return {
    ...flat,
    thresholds,
    asking: Array.from({ length: features }, (_, f) => treesAsking(trees, f)),
    isCategorical: Array.from({ length: features }, (_, f) =>
      trees.some((tree) => splitsByCategory(tree, f)),
    ),
    base,
    uncertainty: uncertaintyOf(trees, base, model.sums === 'float32'),
    turn: turner(trees, flat.roots, features),
  };
}

function* splitsOf(tree: Tree): Iterable<number> {
  for (let node = 0; node < tree.nodes; node++) if (tree.leftChild[node] !== 0) yield node;
}

function collectThresholds(trees: readonly Tree[], features: number): Float64Array[] {
  const found = Array.from({ length: features }, () => new Set<number>());
  for (const tree of trees)
    for (const node of splitsOf(tree)) {
      const own = found[tree.feature[node] ?? 0];
      const threshold = tree.threshold[node] ?? NaN;
      if ((tree.categories[node] ?? null) === null && !Number.isNaN(threshold)) own?.add(threshold);
    }
  return found.map((set) => Float64Array.from(set).sort());
}

function flatten(
  trees: readonly Tree[],
  thresholds: readonly Float64Array[],
): Pick<CellTrees, 'roots' | 'leftChild' | 'feature' | 'place' | 'value'> {
  const nodes = trees.reduce((sum, tree) => sum + tree.nodes, 0);
  const flat = {
    roots: new Int32Array(trees.length),
    leftChild: new Int32Array(nodes),
    feature: new Int32Array(nodes),
    place: new Int32Array(nodes).fill(-1),
    value: new Float64Array(nodes),
  };
  const places = thresholds.map((list) => new Map(Array.from(list, (value, i) => [value, i])));
  let root = 0;
  trees.forEach((tree, t) => {
    flat.roots[t] = root;
    flat.feature.set(tree.feature, root);
    flat.value.set(tree.value, root);
    for (const node of splitsOf(tree)) {
      flat.leftChild[root + node] = root + (tree.leftChild[node] ?? 0);
      flat.place[root + node] =
        places[tree.feature[node] ?? 0]?.get(tree.threshold[node] ?? NaN) ?? -1;
    }
    root += tree.nodes;
  });
  return flat;
}

function treesAsking(trees: readonly Tree[], feature: number): Int32Array {
  return Int32Array.from(
    trees.flatMap((tree, t) => {
      for (const node of splitsOf(tree)) if (tree.feature[node] === feature) return [t];
      return [];
    }),
  );
}

function splitsByCategory(tree: Tree, feature: number): boolean {
  for (const node of splitsOf(tree))
    if (tree.feature[node] === feature && (tree.categories[node] ?? null) !== null) return true;
  return false;
}

/**
 * n additions of float32 are off by at most n · 2^-24 times the sum of sizes; doubled for what is not counted. Sums over
 * cells add more terms than trees: 2^-36 covers them where the model itself adds in float64.
 */
function uncertaintyOf(trees: readonly Tree[], base: number, isSingle: boolean): number {
  let size = Math.abs(base);
  for (const { value } of trees) {
    let largest = 0;
    for (const leaf of value) largest = Math.max(largest, Math.abs(leaf));
    size += largest;
  }
  return 2 * (trees.length + 4) * 2 ** (isSingle ? -24 : -36) * size;
}

function turner(trees: readonly Tree[], roots: Int32Array, features: number): CellTrees['turn'] {
  const splits = Array.from(
    { length: features },
    (): { tree: Tree; node: number; at: number }[] => [],
  );
  trees.forEach((tree, t) => {
    for (const node of splitsOf(tree))
      splits[tree.feature[node] ?? 0]?.push({ tree, node, at: (roots[t] ?? 0) + node });
  });
  return (sides, feature, value) => {
    for (const { at, node, tree } of splits[feature] ?? [])
      sides[at] = goesLeft(tree, node, value) ? 1 : 0;
  };
}

/** Cell of a cast value. */
export function rankOf(thresholds: Float64Array, value: number): number {
  let low = 0;
  let high = thresholds.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((thresholds[middle] ?? NaN) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
