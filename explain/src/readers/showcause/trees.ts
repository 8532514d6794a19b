import { ExplainError } from '../../errors.ts';
import { buildTrees } from '../../model/build-tree.ts';
import type { SourceLeaf, SourceSplit } from '../../model/build-tree.ts';
import { createTreeModel } from '../../model/tree-model.ts';
import type { CoverSource, NumberType, TreeModel } from '../../model/tree-model.ts';
import type { Tree } from '../../model/tree.ts';
import { DocumentReader, malformed } from '../document.ts';
import type { DocumentValue } from '../document.ts';
import { withinLimit } from '../limits.ts';
import type { FormatOptions } from '../options.ts';
import { readDocumentedFeatures } from './features.ts';
import { objectiveFrom } from './links.ts';

const NUMBER_TYPES: readonly NumberType[] = ['float32', 'float64'];
const COVERS: readonly CoverSource[] = ['hessian', 'count', 'none'];

/** `kind: "trees"` of the documented JSON: any ensemble of trees whose leaves are added up. */
export function readDocumentedTrees(root: DocumentReader, options: FormatOptions): TreeModel {
  const features = readDocumentedFeatures(root, options);
  const base = root.numbers('base');
  withinLimit(base.length, options.limits.maxOutputs, 'outputs');
  if (!base.every(Number.isFinite))
    throw new ExplainError('MODEL_VALUE', { got: 'an unusable base' });
  return createTreeModel({
    format: 'showcause',
    hash: options.hash,
    formatVersion: root.string('format'),
    objective: objectiveFrom(root),
    outputs: base.length,
    compares: oneOf(root, 'compares', NUMBER_TYPES),
    zeroWithin: 0,
    wholeCategories: false,
    baseLast: false,
    sums: root.has('sums') ? oneOf(root, 'sums', NUMBER_TYPES) : 'float64',
    base,
    coverSource: oneOf(root, 'covers', COVERS),
    bestIteration: null,
    ...features,
    trees: readTrees(root, features.featureNames.length, base.length, options),
  });
}

function oneOf<T extends string>(root: DocumentReader, name: string, words: readonly T[]): T {
  const given = root.string(name);
  const word = words.find((each) => each === given);
  if (word === undefined) throw malformed(`${root.path}.${name}`, 'another word', words.join(', '));
  return word;
}

function readTrees(
  root: DocumentReader,
  features: number,
  outputs: number,
  options: FormatOptions,
): Tree[] {
  if (options.iterations !== undefined)
    throw new ExplainError('MODEL_UNSUPPORTED', { got: 'iterations', want: 'all trees' });
  let left = options.limits.maxNodes;
  const hasCovers = root.string('covers') !== 'none';
  return root.list('trees').flatMap((item, index) => {
    const reader = new DocumentReader(item, `${root.path}.trees[${index}]`);
    const columns = readColumns(reader, outputs, hasCovers);
    const trees = buildTrees(
      {
        path: reader.path,
        nodes: columns.left.length,
        root: 0,
        node: (id) => nodeOf(columns, id),
      },
      {
        features,
        outputs: [...columns.outputs],
        maxNodes: left,
        maxDepth: options.limits.maxTreeDepth,
      },
    );
    left -= columns.left.length * trees.length;
    return trees;
  });
}

/** Arrays of one length, a number a node; children are -1 at leaves. */
interface Columns {
  readonly path: string;
  readonly outputs: Int32Array;
  readonly left: Int32Array;
  readonly right: Int32Array;
  readonly feature: Int32Array;
  readonly threshold: Float64Array;
  readonly missingLeft: Int32Array;
  readonly cover: Float64Array;
  /** by output */
  readonly values: readonly Float64Array[];
  readonly categories: ReadonlyMap<number, Int32Array>;
}

function readColumns(reader: DocumentReader, outputs: number, hasCovers: boolean): Columns {
  const left = reader.integers('left');
  const sized = <T extends ArrayLike<number>>(name: string, column: T): T => {
    if (column.length !== left.length)
      throw malformed(`${reader.path}.${name}`, `${column.length} items`, `${left.length}`);
    return column;
  };
  const of = reader.integers('outputs');
  if (of.length === 0 || of.some((output) => output < 0 || output >= outputs))
    throw malformed(`${reader.path}.outputs`, 'an output out of range', `below ${outputs}`);
  const values = reader.list('values');
  if (values.length !== of.length)
    throw malformed(`${reader.path}.values`, `${values.length} arrays`, `${of.length}`);
  return {
    path: reader.path,
    outputs: of,
    left,
    right: sized('right', reader.integers('right')),
    feature: sized('feature', reader.integers('feature')),
    threshold: sized('threshold', thresholds(reader)),
    missingLeft: sized('missingLeft', reader.integers('missingLeft')),
    cover: hasCovers ? sized('cover', reader.numbers('cover')) : new Float64Array(left.length),
    values: values.map((value, i) => {
      const holder = new DocumentReader(
        new Map([['values', value]]),
        `${reader.path}.values[${i}]`,
      );
      return sized('values', holder.numbers('values'));
    }),
    categories: readCategories(reader),
  };
}

/** null stands where there is no threshold: at leaves and at splits by category. */
function thresholds(reader: DocumentReader): Float64Array {
  const list = reader.at('threshold');
  if (!Array.isArray(list)) return reader.numbers('threshold');
  const numbers = (list as readonly DocumentValue[]).map((value) => (value === null ? NaN : value));
  return new DocumentReader(new Map([['threshold', numbers]]), reader.path).numbers('threshold');
}

/** `categories`: `[node, [category, …]]` for each split by category; those listed go right. */
function readCategories(reader: DocumentReader): Map<number, Int32Array> {
  const sets = new Map<number, Int32Array>();
  if (!reader.has('categories')) return sets;
  reader.list('categories').forEach((pair, index) => {
    const path = `${reader.path}.categories[${index}]`;
    const [node, listed] = Array.isArray(pair) ? (pair as readonly DocumentValue[]) : [];
    const holder = new DocumentReader(new Map([['listed', listed ?? null]]), path);
    const set = holder.integers('listed');
    if (typeof node !== 'number' || sets.has(node) || set.some((category) => category < 0))
      throw malformed(path, 'something else', 'a node and its categories from 0');
    sets.set(node, set.sort());
  });
  return sets;
}

function nodeOf(columns: Columns, id: number): SourceSplit | SourceLeaf | undefined {
  const left = columns.left[id];
  const right = columns.right[id];
  if (left === undefined || right === undefined) return undefined;
  const cover = columns.cover[id] ?? NaN;
  if (left === -1 && right === -1)
    return { values: columns.values.map((column) => column[id] ?? NaN), cover };
  const categories = columns.categories.get(id) ?? null;
  const threshold = columns.threshold[id] ?? NaN;
  if (categories === null && Number.isNaN(threshold))
    throw new ExplainError('MODEL_VALUE', {
      got: `an unusable threshold at ${columns.path} node ${id}`,
    });
  return {
    feature: columns.feature[id] ?? -1,
    threshold,
    defaultLeft: columns.missingLeft[id] === 1,
    categories,
    left,
    right,
    cover,
  };
}
