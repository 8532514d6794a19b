import { ExplainError } from '../../errors.ts';
import { createTreeModel } from '../../model/tree-model.ts';
import type { FeatureType, TreeModel } from '../../model/tree-model.ts';
import type { Tree } from '../../model/tree.ts';
import { withinLimit } from '../limits.ts';
import type { FormatOptions } from '../options.ts';
import { categoryLabels, splitKinds } from '../features.ts';
import { objectiveOf } from './objective.ts';
import { SectionReader, readSections } from './sections.ts';
import type { Sections } from './sections.ts';
import { readLightgbmTree } from './tree.ts';

/**
 * A LightGBM text model (`save_model`, versions 2 to 4 of the format). Sums and comparisons are float64. A random forest
 * averages: its leaves are divided by the number of rounds here, so that scores and attributions are of the number that
 * the link is applied to (LightGBM's own raw score and `pred_contrib` are the undivided sums).
 *
 * Facts: LightGBM src/boosting/gbdt_model_text.cpp, src/io/tree.cpp, include/LightGBM/tree.h.
 *
 * @throws ExplainError MODEL_* codes
 */
export function readLightgbmModel(bytes: Uint8Array, options: FormatOptions): TreeModel {
  const sections = readSections(bytes);
  const header = new SectionReader(sections.header, 'the header');
  const version = header.text('version');
  if (!/^v[234]$/.test(version))
    throw new ExplainError('MODEL_VERSION', {
      got: 'another version of the format',
      want: 'v2 to v4',
    });
  const objective = objectiveOf(header.text('objective'));
  const { maxOutputs, maxFeatures } = options.limits;
  const outputs = withinLimit(header.count('num_tree_per_iteration'), maxOutputs, 'outputs');
  const features = withinLimit(header.count('max_feature_idx') + 1, maxFeatures, 'features');
  const trees = readTrees(sections, { header, outputs, features, options });
  const names = header.words('feature_names');
  if (names.length !== features || new Set(names).size !== features)
    throw new ExplainError('MODEL_MALFORMED', {
      got: `${new Set(names).size} names of features`,
      want: `${features}`,
    });
  const featureTypes = typesOf(header, trees, features);
  return createTreeModel({
    format: 'lightgbm',
    hash: options.hash,
    formatVersion: version,
    objective,
    outputs,
    compares: 'float64',
    // kZeroThreshold: LightGBM leaves such values out when it predicts.
    zeroWithin: Math.fround(1e-35),
    wholeCategories: false,
    baseLast: false,
    sums: 'float64',
    base: new Float64Array(outputs),
    trees,
    coverSource: 'count',
    bestIteration: null,
    featureNames: names,
    featureTypes,
    categories: categoryLabels(
      { names, types: featureTypes, given: options.categories },
      pandasCategories(sections.tail, featureTypes),
    ),
  });
}

interface TreesContext {
  readonly header: SectionReader;
  readonly outputs: number;
  readonly features: number;
  readonly options: FormatOptions;
}

function readTrees(
  sections: Sections,
  { header, outputs, features, options }: TreesContext,
): Tree[] {
  const all = sections.trees.length;
  if (header.words('tree_sizes').length !== all)
    throw new ExplainError('MODEL_TRUNCATED', {
      got: `${all} trees`,
      want: `${header.words('tree_sizes').length}`,
    });
  const rounds = options.iterations ?? all / outputs;
  if (!Number.isSafeInteger(rounds) || rounds < (all === 0 ? 0 : 1) || rounds * outputs > all)
    throw new ExplainError('MODEL_LIMIT', {
      got: `${rounds} iterations`,
      want: `those of ${all} trees`,
    });
  const divisor = header.has('average_output') ? rounds : 1;
  let left = options.limits.maxNodes;
  return sections.trees.slice(0, rounds * outputs).map((section, index) => {
    const tree = readLightgbmTree(new SectionReader(section, `tree ${index}`), {
      features,
      outputs: [index % outputs],
      maxNodes: left,
      maxDepth: options.limits.maxTreeDepth,
      divisor,
    });
    left -= tree.nodes;
    return tree;
  });
}

/** A feature is categorical where its info is a list of codes; `none` says nothing, and then its splits do. */
function typesOf(header: SectionReader, trees: readonly Tree[], features: number): FeatureType[] {
  const infos = header.words('feature_infos');
  if (infos.length !== features)
    throw new ExplainError('MODEL_MALFORMED', {
      got: `${infos.length} feature infos`,
      want: `${features}`,
    });
  const used = splitKinds(trees, features);
  return infos.map((info, feature) => {
    const isListed = /^-?\d+(?::-?\d+)*$/.test(info);
    const isCategorical = used.categorical[feature] === 1 || (isListed && info !== 'none');
    if (isCategorical && used.numeric[feature] === 1)
      throw new ExplainError('MODEL_MALFORMED', {
        got: `both kinds of split on feature ${feature}`,
        want: 'splits of the feature’s type',
      });
    return isCategorical ? 'categorical' : 'float';
  });
}

const PANDAS = '\npandas_categorical:';

/** Names of the codes of pandas' categorical columns, in the order of those columns; null where none are told. */
function pandasCategories(
  tail: string,
  types: readonly FeatureType[],
): (readonly string[] | null)[] {
  const at = tail.indexOf(PANDAS);
  const line = at < 0 ? 'null' : (tail.slice(at + PANDAS.length).split('\n')[0] ?? 'null');
  const columns = parsed(line);
  const categorical = types.filter((type) => type === 'categorical').length;
  if (columns === null || columns.length !== categorical) return types.map(() => null);
  let next = 0;
  return types.map((type) => {
    if (type !== 'categorical') return null;
    const labels = columns[next++];
    return Array.isArray(labels) && labels.every((label) => typeof label === 'string')
      ? labels
      : null;
  });
}

function parsed(line: string): unknown[] | null {
  try {
    const value: unknown = JSON.parse(line);
    return Array.isArray(value) ? value : null;
  } catch (cause) {
    throw new ExplainError('MODEL_SYNTAX', { got: 'pandas_categorical that is not JSON', cause });
  }
}
