import { goesLeft } from '../model/tree.ts';
import type { Tree } from '../model/tree.ts';

/*
 * Number the k features on the path of a leaf in the order of their first split. The pattern of a row on this leaf
 * has bit j set when the row meets every condition on feature j. The interventional attributions of a leaf depend on
 * the row through its pattern alone, and on the background through the frequency of each pattern: 2^k rows of k
 * numbers, built once, answer every row.
 */

/** More features on one path than this would make a table larger than it is worth. */
const MAX_BITS = 12;

export interface PatternTable {
  readonly tree: Tree;
  /** per split: bit of its feature */
  readonly bit: Uint8Array;
  /** per leaf: where its table and its features begin, and how many features it has */
  readonly tableStart: Int32Array;
  readonly featureStart: Int32Array;
  readonly features: Int32Array;
  /** [leaf][pattern][feature of the path] */
  readonly values: Float64Array;
  /** pattern of the row at each node; scratch */
  readonly patterns: Int32Array;
}

interface Layout {
  readonly bit: Uint8Array;
  readonly paths: readonly (readonly number[])[];
}

/** The features on the path of each node, in order of first split. */
function layout(tree: Tree): Layout {
  const bit = new Uint8Array(tree.nodes);
  const paths: (readonly number[])[] = new Array<readonly number[]>(tree.nodes).fill([]);
  for (let node = 0; node < tree.nodes; node++) {
    const left = tree.leftChild[node] ?? 0;
    if (left === 0) continue;
    const path = paths[node] ?? [];
    const feature = tree.feature[node] ?? 0;
    const known = path.indexOf(feature);
    bit[node] = known < 0 ? path.length : known;
    paths[left] = paths[left + 1] = known < 0 ? [...path, feature] : path;
  }
  return { bit, paths };
}

/** Bytes that the table of a tree takes; Infinity when a path holds too many features. */
export function patternTableBytes(tree: Tree): number {
  const { paths } = layout(tree);
  let numbers = 0;
  for (let node = 0; node < tree.nodes; node++) {
    if (tree.leftChild[node] !== 0) continue;
    const k = paths[node]?.length ?? 0;
    if (k > MAX_BITS) return Infinity;
    numbers += k * 2 ** k;
  }
  return numbers * 8;
}

export function patternTable(
  tree: Tree,
  background: readonly Float64Array[],
  weights: Float64Array,
  stride: number,
): PatternTable {
  const { bit, paths } = layout(tree);
  const tableStart = new Int32Array(tree.nodes + 1);
  const featureStart = new Int32Array(tree.nodes + 1);
  for (let node = 0; node < tree.nodes; node++) {
    const k = tree.leftChild[node] === 0 ? (paths[node]?.length ?? 0) : 0;
    tableStart[node + 1] = (tableStart[node] ?? 0) + k * 2 ** k;
    featureStart[node + 1] = (featureStart[node] ?? 0) + k;
  }
  const table: PatternTable = {
    tree,
    bit,
    tableStart,
    featureStart,
    features: Int32Array.from(
      paths.flatMap((path, node) => (tree.leftChild[node] === 0 ? path : [])),
    ),
    values: new Float64Array(tableStart[tree.nodes] ?? 0),
    patterns: new Int32Array(tree.nodes),
  };
  const counts = countPatterns(table, background);
  for (let node = 0; node < tree.nodes; node++)
    if (tree.leftChild[node] === 0)
      fillLeaf(table, node, counts[node] ?? [], { weights, stride, rows: background.length });
  return table;
}

/** Writes the pattern of a row at every node: a bit falls on the side that the row does not take. */
function writePatterns({ tree, bit, patterns }: PatternTable, row: Float64Array): void {
  patterns[0] = -1;
  for (let node = 0; node < tree.nodes; node++) {
    const left = tree.leftChild[node] as number;
    if (left === 0) continue;
    const pattern = patterns[node] as number;
    const fallen = pattern & ~(1 << (bit[node] as number));
    const isLeft = goesLeft(tree, node, row[tree.feature[node] as number] as number);
    patterns[left] = isLeft ? pattern : fallen;
    patterns[left + 1] = isLeft ? fallen : pattern;
  }
}

/** Per leaf: how many background rows show each pattern. */
function countPatterns(
  table: PatternTable,
  background: readonly Float64Array[],
): readonly number[][] {
  const { tree, featureStart, patterns } = table;
  const counts = Array.from({ length: tree.nodes }, (_, node) =>
    tree.leftChild[node] === 0 ? new Array<number>(2 ** bitsOf(featureStart, node)).fill(0) : [],
  );
  for (const row of background) {
    writePatterns(table, row);
    counts.forEach((count, node) => {
      if (count.length === 0) return;
      const pattern = (patterns[node] ?? 0) & (count.length - 1);
      count[pattern] = (count[pattern] ?? 0) + 1;
    });
  }
  return counts;
}

interface Weighing {
  readonly weights: Float64Array;
  readonly stride: number;
  readonly rows: number;
}

/**
 * Attributions of one leaf for each pattern of the row. Features that only the background row can meet (N) must stay
 * out of the coalition, those that only the row can meet (P) must be in it; features that both meet do not matter.
 */
function fillLeaf(
  table: PatternTable,
  node: number,
  counts: readonly number[],
  weighing: Weighing,
): void {
  const k = bitsOf(table.featureStart, node);
  const full = 2 ** k - 1;
  const value = table.tree.value[node] ?? 0;
  for (let pattern = 0; pattern <= full; pattern++) {
    const start = (table.tableStart[node] ?? 0) + pattern * k;
    const onlyBackground = full & ~pattern;
    for (let both = pattern; ; both = (both - 1) & pattern) {
      const count = counts[onlyBackground | both] ?? 0;
      if (count > 0)
        credit(
          table.values,
          start,
          k,
          pattern & ~both,
          onlyBackground,
          (value * count) / weighing.rows,
          weighing,
        );
      if (both === 0) break;
    }
  }
}

function credit(
  values: Float64Array,
  start: number,
  k: number,
  onlyRow: number,
  onlyBackground: number,
  value: number,
  { weights, stride }: Weighing,
): void {
  const p = countBits(onlyRow);
  const players = p + countBits(onlyBackground);
  for (let j = 0; j < k; j++) {
    if ((onlyRow >> j) & 1)
      values[start + j] =
        (values[start + j] ?? 0) + value * (weights[players * stride + p - 1] ?? 0);
    else if ((onlyBackground >> j) & 1)
      values[start + j] = (values[start + j] ?? 0) - value * (weights[players * stride + p] ?? 0);
  }
}

/** Adds the attributions of one tree: a pattern per node, then one table row per leaf. */
export function attributeByPatterns(
  table: PatternTable,
  row: Float64Array,
  target: Float64Array,
): void {
  const { tree, featureStart, features, tableStart, values, patterns } = table;
  writePatterns(table, row);
  for (let node = 0; node < tree.nodes; node++) {
    if (tree.leftChild[node] !== 0) continue;
    const first = featureStart[node] as number;
    const k = (featureStart[node + 1] as number) - first;
    const start = (tableStart[node] as number) + ((patterns[node] as number) & ((1 << k) - 1)) * k;
    for (let j = 0; j < k; j++) {
      const feature = features[first + j] as number;
      target[feature] = (target[feature] as number) + (values[start + j] as number);
    }
  }
}

function bitsOf(featureStart: Int32Array, node: number): number {
  return (featureStart[node + 1] ?? 0) - (featureStart[node] ?? 0);
}

function countBits(mask: number): number {
  let count = 0;
  for (let rest = mask; rest !== 0; rest &= rest - 1) count++;
  return count;
}
