import { ExplainError } from '../../errors.ts';
import { createTreeModel } from '../../model/tree-model.ts';
import type { TreeModel } from '../../model/tree-model.ts';
import type { Tree } from '../../model/tree.ts';
import { DocumentReader, malformed } from '../document.ts';
import type { DocumentValue } from '../document.ts';
import { categoryLabels } from '../features.ts';
import type { FormatOptions } from '../options.ts';
import { objectiveOf } from './objective.ts';
import { readNestedTree } from './nested-tree.ts';
import { readObliviousTree } from './oblivious-tree.ts';
import type { FloatFeature } from './split.ts';

const FORMAT_VERSION = 'json';

/**
 * A CatBoost model saved as JSON: oblivious or other trees over float features, which are compared in float32 and
 * summed in float64. Categorical, text and embedding features are refused by name: their JSON lacks what a prediction
 * needs.
 *
 * Facts: catboost/libs/model/model_export/json_model_helpers.cpp; leaf index bit j is the answer to split j.
 *
 * @throws ExplainError MODEL_* codes
 */
export function readCatboostModel(document: DocumentValue, options: FormatOptions): TreeModel {
  const root = new DocumentReader(document, '$');
  const features = readFloatFeatures(root.object('features_info'), options.limits.maxFeatures);
  const { scale, bias } = scaleAndBias(root, options.limits.maxOutputs);
  const outputs = bias.length;
  const trees = readTrees(root, { features, scale, outputs, options });
  const names = features.map(({ name }) => name);
  const types = names.map(() => 'float' as const);
  return createTreeModel({
    format: 'catboost',
    hash: options.hash,
    formatVersion: FORMAT_VERSION,
    objective: objectiveOf(root),
    outputs,
    compares: 'float32',
    zeroWithin: 0,
    wholeCategories: false,
    baseLast: false,
    sums: 'float64',
    base: bias,
    trees,
    coverSource: trees.some(({ cover }) => (cover[0] ?? 0) > 0) ? 'count' : 'none',
    bestIteration: null,
    featureNames: names,
    featureTypes: types,
    categories: categoryLabels({ names, types, given: options.categories }, []),
  });
}

function readFloatFeatures(info: DocumentReader, most: number): readonly FloatFeature[] {
  for (const kind of ['categorical_features', 'text_features', 'embedding_features'])
    if (info.has(kind) && info.list(kind).length > 0)
      throw new ExplainError('MODEL_UNSUPPORTED', {
        got: `CatBoost ${kind.replace('_', ' ')}`,
        want: 'float features alone',
      });
  const list = info.list('float_features');
  if (list.length > most)
    throw new ExplainError('MODEL_LIMIT', {
      got: `${list.length} features`,
      want: `at most ${most}`,
    });
  const features = list.map((item, index) => {
    const reader = new DocumentReader(item, `${info.path}.float_features[${index}]`);
    if (reader.count('feature_index') !== index || reader.count('flat_feature_index') !== index)
      throw malformed(reader.path, 'another index', `${index}`);
    const treatment = reader.has('nan_value_treatment')
      ? reader.string('nan_value_treatment')
      : 'AsIs';
    if (!['AsIs', 'AsFalse', 'AsTrue'].includes(treatment))
      throw malformed(
        `${reader.path}.nan_value_treatment`,
        'another word',
        'AsIs, AsFalse or AsTrue',
      );
    const id = reader.has('feature_id') ? reader.string('feature_id') : '';
    return { name: id === '' ? `${index}` : id, missingIsHigh: treatment === 'AsTrue' };
  });
  if (new Set(features.map(({ name }) => name)).size !== features.length)
    throw malformed(`${info.path}.float_features`, 'a name used twice', 'names');
  return features;
}

/** `[scale, [bias, …]]`, or `[scale, bias]` in older files. */
function scaleAndBias(root: DocumentReader, most: number): { scale: number; bias: Float64Array } {
  const path = `${root.path}.scale_and_bias`;
  const pair = root.has('scale_and_bias') ? root.list('scale_and_bias') : [1, 0];
  const [scale, given] = pair;
  const bias = typeof given === 'number' ? [given] : Array.from(given as Iterable<DocumentValue>);
  const isNumber = (value: DocumentValue | undefined): value is number =>
    typeof value === 'number' && Number.isFinite(value);
  if (pair.length !== 2 || !isNumber(scale) || !bias.every(isNumber) || bias.length === 0)
    throw malformed(path, 'something else', '[scale, [bias, …]]');
  if (bias.length > most)
    throw new ExplainError('MODEL_LIMIT', {
      got: `${bias.length} outputs`,
      want: `at most ${most}`,
    });
  return { scale, bias: Float64Array.from(bias) };
}

interface TreesContext {
  readonly features: readonly FloatFeature[];
  readonly scale: number;
  readonly outputs: number;
  readonly options: FormatOptions;
}

function readTrees(
  root: DocumentReader,
  { features, scale, outputs, options }: TreesContext,
): Tree[] {
  const isOblivious = root.has('oblivious_trees');
  const name = isOblivious ? 'oblivious_trees' : 'trees';
  const list = root.list(name);
  const wanted = options.iterations ?? list.length;
  if (!Number.isSafeInteger(wanted) || wanted < (list.length === 0 ? 0 : 1) || wanted > list.length)
    throw new ExplainError('MODEL_LIMIT', {
      got: `${wanted} iterations`,
      want: `those of ${list.length} trees`,
    });
  const read = isOblivious ? readObliviousTree : readNestedTree;
  let left = options.limits.maxNodes;
  return list.slice(0, wanted).flatMap((item, index) => {
    const reader = new DocumentReader(item, `${root.path}.${name}[${index}]`);
    const trees = read(reader, {
      features,
      scale,
      outputs,
      maxNodes: left,
      maxDepth: options.limits.maxTreeDepth,
    });
    left -= (trees[0]?.nodes ?? 0) * trees.length;
    return trees;
  });
}
