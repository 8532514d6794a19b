import { ExplainError } from '../../errors.ts';
import { buildTrees } from '../../model/build-tree.ts';
import type { SourceLeaf, SourceSplit, TreeBounds } from '../../model/build-tree.ts';
import type { Tree } from '../../model/tree.ts';
import type { SectionReader } from './sections.ts';

const CATEGORICAL = 1;
const DEFAULT_LEFT = 2;
const MISSING = { none: 0, zero: 1, nan: 2 } as const;

/** The arrays of one tree: splits are numbered from 0, leaf `i` is named `~i`. */
interface Columns {
  readonly path: string;
  readonly leaves: number;
  readonly feature: Int32Array;
  readonly threshold: Float64Array;
  readonly decision: Int32Array;
  readonly left: Int32Array;
  readonly right: Int32Array;
  readonly value: Float64Array;
  readonly leafCount: Float64Array;
  readonly splitCount: Float64Array;
  readonly sets: readonly Int32Array[];
}

export interface LightgbmTreeContext extends TreeBounds {
  /** what leaves are divided by: the number of rounds of a random forest */
  readonly divisor: number;
}

/** One tree of a LightGBM text model. Source: LightGBM src/io/tree.cpp, `Tree::Tree(const char*)`. */
export function readLightgbmTree(reader: SectionReader, context: LightgbmTreeContext): Tree {
  if (reader.count('is_linear', 0) !== 0)
    throw new ExplainError('MODEL_UNSUPPORTED', {
      got: 'linear models in leaves (linear_tree)',
      want: 'constant leaves',
    });
  const columns = readColumns(reader, context.maxNodes);
  const splits = columns.feature.length;
  const [tree] = buildTrees(
    {
      path: reader.path,
      nodes: splits + columns.leaves,
      root: splits === 0 ? ~0 : 0,
      node: (id) => (id < 0 ? leafOf(columns, ~id, context.divisor) : splitOf(columns, id)),
    },
    context,
  );
  if (tree === undefined) throw new RangeError('a tree has one output');
  return tree;
}

function readColumns(reader: SectionReader, maxNodes: number): Columns {
  const leaves = reader.count('num_leaves');
  if (leaves < 1 || 2 * leaves - 1 > maxNodes)
    throw new ExplainError('MODEL_LIMIT', {
      got: `${leaves} leaves at ${reader.path}`,
      want: `1 to ${Math.ceil(maxNodes / 2)}`,
    });
  const splits = leaves - 1;
  const of = <T>(isThere: boolean, read: () => T, empty: T): T => (isThere ? read() : empty);
  const isTree = splits > 0;
  const none = new Int32Array(0);
  const empty = new Float64Array(0);
  return {
    path: reader.path,
    leaves,
    feature: of(isTree, () => reader.integers('split_feature', splits), none),
    threshold: of(isTree, () => reader.numbers('threshold', splits), empty),
    decision: of(isTree, () => reader.integers('decision_type', splits), none),
    left: of(isTree, () => reader.integers('left_child', splits), none),
    right: of(isTree, () => reader.integers('right_child', splits), none),
    value: reader.numbers('leaf_value', leaves),
    leafCount: of(isTree, () => reader.numbers('leaf_count', leaves), new Float64Array(leaves)),
    splitCount: of(isTree, () => reader.numbers('internal_count', splits), empty),
    sets: readSets(reader),
  };
}

/** Sets of categories as bits of 32-bit words: set `i` is words cat_boundaries[i] to cat_boundaries[i + 1]. */
function readSets(reader: SectionReader): readonly Int32Array[] {
  const sets = reader.count('num_cat', 0);
  if (sets === 0) return [];
  const boundaries = reader.integers('cat_boundaries', sets + 1);
  const words = reader.numbers('cat_threshold', boundaries.at(-1) ?? 0);
  if (words.some((word) => !Number.isInteger(word) || word < 0 || word > 0xffffffff))
    throw new ExplainError('MODEL_MALFORMED', {
      got: `another number at ${reader.path}, cat_threshold`,
      want: 'whole numbers of 32 bits',
    });
  return Array.from({ length: sets }, (_, index) => {
    const begin = boundaries[index] ?? -1;
    const end = boundaries[index + 1] ?? -1;
    if (begin < 0 || end < begin)
      throw new ExplainError('MODEL_MALFORMED', {
        got: `a boundary out of order at ${reader.path}, cat_boundaries`,
        want: 'boundaries that rise from 0',
      });
    return categoriesOf(words.subarray(begin, end));
  });
}

function categoriesOf(words: Float64Array): Int32Array {
  const categories: number[] = [];
  words.forEach((word, index) => {
    for (let bit = 0; bit < 32; bit++) if ((word >>> bit) & 1) categories.push(index * 32 + bit);
  });
  return Int32Array.from(categories);
}

function leafOf(columns: Columns, leaf: number, divisor: number): SourceLeaf | undefined {
  const value = columns.value[leaf];
  if (value === undefined) return undefined;
  return { values: [value / divisor], cover: columns.leafCount[leaf] ?? NaN };
}

function splitOf(columns: Columns, split: number): SourceSplit | undefined {
  const decision = columns.decision[split];
  if (decision === undefined) return undefined;
  const missing = (decision >> 2) & 3;
  if (decision < 0 || decision > 11 || missing > MISSING.nan)
    throw new ExplainError('MODEL_MALFORMED', {
      got: `an unknown decision type at ${columns.path}`,
      want: '0 to 11',
    });
  const common = {
    feature: columns.feature[split] ?? -1,
    cover: columns.splitCount[split] ?? NaN,
  };
  const left = columns.left[split] ?? NaN;
  const right = columns.right[split] ?? NaN;
  if ((decision & CATEGORICAL) !== 0)
    // LightGBM sends listed categories left, everything else and missing values right: so the children change places.
    return {
      ...common,
      threshold: NaN,
      categories: setOf(columns, split),
      defaultLeft: true,
      left: right,
      right: left,
    };
  const threshold = columns.threshold[split] ?? NaN;
  if (Number.isNaN(threshold))
    throw new ExplainError('MODEL_VALUE', { got: `an unusable threshold at ${columns.path}` });
  return {
    ...common,
    threshold,
    categories: null,
    // Without a rule for missing values they are compared as 0.
    defaultLeft: missing === MISSING.none ? threshold >= 0 : (decision & DEFAULT_LEFT) !== 0,
    zeroMissing: missing === MISSING.zero,
    left,
    right,
  };
}

function setOf(columns: Columns, split: number): Int32Array {
  const set = columns.sets[columns.threshold[split] ?? -1];
  if (set === undefined)
    throw new ExplainError('MODEL_MALFORMED', {
      got: `a set of categories out of range at ${columns.path}`,
      want: `below ${columns.sets.length}`,
    });
  return set;
}
