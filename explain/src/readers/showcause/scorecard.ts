import { ExplainError } from '../../errors.ts';
import { buildTrees } from '../../model/build-tree.ts';
import type { SourceLeaf, SourceSplit } from '../../model/build-tree.ts';
import { createTreeModel } from '../../model/tree-model.ts';
import type { TreeModel } from '../../model/tree-model.ts';
import type { Tree } from '../../model/tree.ts';
import { DocumentReader, malformed } from '../document.ts';
import type { FormatOptions } from '../options.ts';
import { readDocumentedFeatures } from './features.ts';
import { objectiveFrom } from './links.ts';

/**
 * `kind: "scorecard"` of the documented JSON: points by bin or category of each feature, added to a base. It becomes
 * one small tree a feature, so that everything that explains trees explains it; there are no covers.
 */
export function readScorecard(root: DocumentReader, options: FormatOptions): TreeModel {
  const features = readDocumentedFeatures(root, options);
  const rows = root
    .list('features')
    .map((item, i) => new DocumentReader(item, `${root.path}.features[${i}]`));
  let left = options.limits.maxNodes;
  const trees = rows.map((reader, feature) => {
    const labels = features.categories[feature] ?? null;
    const isCategorical = features.featureTypes[feature] === 'categorical';
    const card = isCategorical ? categoryCard(reader, feature, labels) : binCard(reader, feature);
    const tree = cardTree(reader, card, rows.length, left);
    left -= tree.nodes;
    return tree;
  });
  return createTreeModel({
    format: 'showcause',
    hash: options.hash,
    formatVersion: root.string('format'),
    objective: objectiveFrom(root),
    outputs: 1,
    compares: 'float64',
    zeroWithin: 0,
    wholeCategories: false,
    baseLast: false,
    sums: 'float64',
    base: Float64Array.of(numberAt(root, 'base')),
    coverSource: 'none',
    bestIteration: null,
    ...features,
    trees,
  });
}

type CardNode = SourceSplit | SourceLeaf;

function leaf(points: number): CardNode {
  return { values: [points], cover: 0 };
}

/** All nodes of one feature's tree, the root last. */
type Card = readonly CardNode[];

/** Missing values leave at the root: every number is `<=` Infinity. */
function withMissing(nodes: CardNode[], feature: number, missing: number): Card {
  const known = nodes.length - 1;
  const absent = nodes.push(leaf(missing)) - 1;
  nodes.push({
    feature,
    threshold: Infinity,
    defaultLeft: false,
    categories: null,
    left: known,
    right: absent,
    cover: 0,
  });
  return nodes;
}

/** `bins`: `{ upTo, points }` with rising `upTo`, the last without; `missing`: points of a missing value. */
function binCard(reader: DocumentReader, feature: number): Card {
  const bins = reader
    .list('bins')
    .map((item, i) => new DocumentReader(item, `${reader.path}.bins[${i}]`));
  const points = bins.map((bin) => numberAt(bin, 'points'));
  const edges = bins.slice(0, -1).map((bin) => numberAt(bin, 'upTo'));
  const falls = edges.findIndex((edge, i) => i > 0 && !(edge > (edges[i - 1] ?? NaN)));
  if (bins.length === 0 || bins.at(-1)?.has('upTo') === true || falls >= 0)
    throw malformed(
      `${reader.path}.bins`,
      'bins out of order',
      'rising upTo, and none in the last',
    );
  const nodes: CardNode[] = [];
  /** Bins from..to as a balanced tree; its root is the last node. */
  const add = (from: number, to: number): number => {
    if (from === to) return nodes.push(leaf(points[from] ?? NaN)) - 1;
    const middle = (from + to) >> 1;
    const left = add(from, middle);
    const right = add(middle + 1, to);
    const threshold = edges[middle] ?? NaN;
    const split = {
      feature,
      threshold,
      defaultLeft: true,
      categories: null,
      left,
      right,
      cover: 0,
    };
    return nodes.push(split) - 1;
  };
  add(0, bins.length - 1);
  return withMissing(nodes, feature, numberAt(reader, 'missing'));
}

/** `points`: points by label, `otherwise`: of a category that is not listed; codes count the labels from 0. */
function categoryCard(
  reader: DocumentReader,
  feature: number,
  labels: readonly string[] | null,
): Card {
  const byLabel = reader.object('points');
  if (labels === null) throw malformed(`${reader.path}.categories`, 'nothing', 'the labels');
  const nodes: CardNode[] = [leaf(numberAt(reader, 'otherwise'))];
  labels.forEach((label, code) => {
    const left = nodes.length - 1;
    const right = nodes.push(leaf(numberAt(byLabel, label))) - 1;
    const categories = Int32Array.of(code);
    nodes.push({ feature, threshold: NaN, defaultLeft: true, categories, left, right, cover: 0 });
  });
  return withMissing(nodes, feature, numberAt(reader, 'missing'));
}

function cardTree(reader: DocumentReader, card: Card, features: number, maxNodes: number): Tree {
  const [tree] = buildTrees(
    { path: reader.path, nodes: card.length, root: card.length - 1, node: (id) => card[id] },
    { features, outputs: [0], maxNodes, maxDepth: card.length },
  );
  if (tree === undefined) throw new RangeError('a tree has one output');
  return tree;
}

function numberAt(reader: DocumentReader, name: string): number {
  const value = reader.at(name);
  if (typeof value !== 'number' || !Number.isFinite(value))
    throw new ExplainError('MODEL_VALUE', { got: `no usable number at ${reader.path}.${name}` });
  return value;
}
