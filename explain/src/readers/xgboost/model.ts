import { ExplainError } from '../../errors.ts';
import { createTreeModel } from '../../model/tree-model.ts';
import type { TreeModel } from '../../model/tree-model.ts';
import type { Tree } from '../../model/tree.ts';
import { DocumentReader, malformed } from '../document.ts';
import type { DocumentValue } from '../document.ts';
import type { FormatOptions } from '../options.ts';
import { baseMargins } from './base-score.ts';
import { readFeatures } from './features.ts';
import { objectiveOf } from './objective.ts';
import { readXgboostTree } from './tree.ts';

/**
 * An XGBoost model (1.x to 3.x) from its JSON or UBJSON document. Facts: doc/model.schema of XGBoost; dart weights
 * lie beside `gbtree` up to 3.2 and inside `model` from 3.4 on, and both places are read.
 */
export function readXgboostModel(document: DocumentValue, options: FormatOptions): TreeModel {
  const root = new DocumentReader(document, '$');
  const formatVersion = versionOf(root);
  const learner = root.object('learner');
  const parameters = learner.object('learner_model_param');
  const objective = objectiveOf(learner.object('objective').string('name'));
  const classes = Math.max(parameters.count('num_class', 0), 1);
  const targets = Math.max(parameters.count('num_target', 1), 1);
  const outputs = classes > 1 ? classes : targets;
  if (classes > 1 && targets > 1)
    throw new ExplainError('MODEL_UNSUPPORTED', {
      got: 'classes and targets at once',
      want: 'one of the two',
    });
  if (outputs > options.limits.maxOutputs)
    throw new ExplainError('MODEL_LIMIT', {
      got: `${outputs} outputs`,
      want: `at most ${options.limits.maxOutputs}`,
    });
  const features = parameters.count('num_feature');
  if (features > options.limits.maxFeatures)
    throw new ExplainError('MODEL_LIMIT', {
      got: `${features} features`,
      want: `at most ${options.limits.maxFeatures}`,
    });
  const booster = boosterOf(learner.object('gradient_booster'));
  const trees = readTrees(booster, { features, outputs, options });
  return createTreeModel({
    format: 'xgboost',
    hash: options.hash,
    compares: 'float32',
    zeroWithin: 0,
    wholeCategories: false,
    baseLast: false,
    sums: 'float32',
    formatVersion,
    objective,
    outputs,
    base: baseMargins(parameters.at('base_score'), outputs, objective),
    trees,
    coverSource: 'hessian',
    bestIteration: bestIterationOf(learner),
    ...readFeatures({
      learner,
      model: booster.model,
      features,
      trees,
      labels: options.categories ?? {},
    }),
  });
}

function versionOf(root: DocumentReader): string {
  const version = root.integers('version');
  const major = version[0] ?? 0;
  if (version.length !== 3 || major < 1 || major > 3)
    throw new ExplainError('MODEL_VERSION', {
      got: `XGBoost ${version.slice(0, 3).join('.')}`,
      want: '1.x to 3.x',
    });
  return version.join('.');
}

function bestIterationOf(learner: DocumentReader): number | null {
  if (!learner.has('attributes')) return null;
  const attributes = learner.object('attributes');
  return attributes.has('best_iteration') ? attributes.count('best_iteration') : null;
}

interface Booster {
  readonly model: DocumentReader;
  /** one weight per tree, or none when every tree counts in full */
  readonly weights: Float64Array | null;
}

function boosterOf(booster: DocumentReader): Booster {
  const name = booster.string('name');
  if (name !== 'gbtree' && name !== 'dart')
    throw new ExplainError('MODEL_UNSUPPORTED', {
      got: `booster ${JSON.stringify(name.slice(0, 40))}`,
      want: 'gbtree or dart',
    });
  const inner = booster.has('gbtree') ? booster.object('gbtree') : booster;
  const model = inner.object('model');
  const found = [booster, inner, model].filter(
    (place, index, all) => all.indexOf(place) === index && place.has('weight_drop'),
  );
  const weights = found
    .map((place) => place.numbers('weight_drop'))
    .filter(({ length }) => length > 0);
  const [first, ...others] = weights;
  if (
    others.some(
      (other) =>
        other.length !== first?.length || other.some((weight, index) => weight !== first[index]),
    )
  )
    throw malformed(`${booster.path}.weight_drop`, 'two that differ', 'one');
  if (name === 'dart' && found.length === 0)
    throw malformed(`${booster.path}.weight_drop`, 'nothing', 'one weight per tree');
  return { model, weights: first ?? null };
}

interface TreesContext {
  readonly features: number;
  readonly outputs: number;
  readonly options: FormatOptions;
}

function readTrees(booster: Booster, { features, outputs, options }: TreesContext): Tree[] {
  const { model } = booster;
  const { maxNodes, maxTreeDepth } = options.limits;
  const documents = model.list('trees');
  const groups = model.integers('tree_info');
  const parameters = model.object('gbtree_model_param');
  const claimed = parameters.count('num_trees');
  if (claimed !== documents.length)
    throw malformed(`${model.path}.trees`, `${documents.length} trees`, `${claimed}`);
  if (groups.length !== documents.length)
    throw malformed(`${model.path}.tree_info`, `${groups.length} items`, `${documents.length}`);
  if (booster.weights !== null && booster.weights.length !== documents.length)
    throw malformed(
      `${model.path}.weight_drop`,
      `${booster.weights.length} items`,
      `${documents.length}`,
    );
  let left = maxNodes;
  return documents
    .slice(0, treesWanted(model, outputs, options.iterations))
    .map((document, index) => {
      const output = groups[index] ?? -1;
      if (output < 0 || output >= outputs)
        throw malformed(
          `${model.path}.tree_info[${index}]`,
          'an output out of range',
          `below ${outputs}`,
        );
      const reader = new DocumentReader(document, `${model.path}.trees[${index}]`);
      const weight = Math.fround(booster.weights?.[index] ?? 1);
      const tree = readXgboostTree(reader, {
        features,
        output,
        weight,
        maxNodes: left,
        maxDepth: maxTreeDepth,
      });
      left -= tree.nodes;
      return tree;
    });
}

/** How many trees the first `iterations` boosting rounds made. */
function treesWanted(
  model: DocumentReader,
  outputs: number,
  iterations: number | undefined,
): number {
  const parameters = model.object('gbtree_model_param');
  const all = parameters.count('num_trees');
  if (iterations === undefined) return all;
  const starts = model.has('iteration_indptr') ? model.integers('iteration_indptr') : null;
  const perRound = outputs * Math.max(parameters.count('num_parallel_tree', 1), 1);
  const wanted = starts === null ? iterations * perRound : (starts[iterations] ?? Infinity);
  if (!Number.isSafeInteger(iterations) || iterations < 1 || wanted < 0 || wanted > all)
    throw new ExplainError('MODEL_LIMIT', {
      got: `${iterations} iterations`,
      want: `those of ${all} trees`,
    });
  return wanted;
}
