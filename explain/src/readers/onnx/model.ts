import { ExplainError } from '../../errors.ts';
import type { Model } from '../../model/model.ts';
import { createTreeModel } from '../../model/tree-model.ts';
import type { NumberType, TreeModel } from '../../model/tree-model.ts';
import { splitKinds } from '../features.ts';
import { withinLimit } from '../limits.ts';
import type { FormatOptions } from '../options.ts';
import { readOnnxTrees } from './ensemble.ts';
import { readGraph } from './graph.ts';
import type { Graph, GraphNode } from './graph.ts';
import { readOnnxLinear } from './linear.ts';
import { objectiveFor, postTransformOf } from './post-transform.ts';
import { readNewEnsemble, readOldEnsemble } from './tree-ensemble.ts';
import type { Ensemble } from './tree-ensemble.ts';

const ENSEMBLES = ['TreeEnsembleClassifier', 'TreeEnsembleRegressor', 'TreeEnsemble'];
const LINEAR = ['LinearClassifier', 'LinearRegressor'];
/** They hand values on, or dress the answer for the caller. */
const DRESS = ['Cast', 'Identity', 'ZipMap', 'Reshape', 'Squeeze'];

/**
 * An ONNX graph with one tree ensemble or linear model of ai.onnx.ml; other operators that compute are refused by name.
 * There are no covers, so trees are explained interventionally, or with `withCovers`.
 *
 * Facts: onnx/docs/Operators-ml.md; how ONNX Runtime adds up: core/providers/cpu/ml/tree_ensemble_aggregator.h.
 *
 * @throws ExplainError MODEL_* codes
 */
export function readOnnxModel(bytes: Uint8Array, options: FormatOptions): Model {
  if (options.iterations !== undefined)
    throw new ExplainError('MODEL_UNSUPPORTED', { got: 'iterations', want: 'all trees' });
  const graph = readGraph(bytes);
  const { model, scaler } = modelNode(graph);
  const formatVersion = graph.producer === '' ? 'onnx' : graph.producer;
  const { maxOutputs } = options.limits;
  if (LINEAR.includes(model.type))
    return readOnnxLinear(model, {
      hash: options.hash,
      formatVersion,
      columns: graph.columns,
      maxOutputs,
      scaler,
    });
  const ensemble =
    model.type === 'TreeEnsemble'
      ? readNewEnsemble(model, maxOutputs)
      : readOldEnsemble(model, maxOutputs);
  return ensembleModel(ensemble, {
    formatVersion,
    columns: graph.columns,
    type: graph.type,
    options,
  });
}

function modelNode(graph: Graph): { model: GraphNode; scaler: GraphNode | null } {
  const models = graph.nodes.filter(({ type }) => [...ENSEMBLES, ...LINEAR].includes(type));
  const [model] = models;
  if (model === undefined || models.length > 1)
    throw new ExplainError('MODEL_UNSUPPORTED', {
      got: `${models.length} models in an ONNX graph`,
      want: `one of ${[...ENSEMBLES, ...LINEAR].join(', ')}`,
    });
  const others = graph.nodes.filter((node) => node !== model && !DRESS.includes(node.type));
  const scaler = others.find(
    ({ type, outputs }) =>
      type === 'Scaler' && outputs[0] === model.inputs[0] && LINEAR.includes(model.type),
  );
  const stray = others.find((node) => node !== scaler);
  if (stray !== undefined)
    throw new ExplainError('MODEL_UNSUPPORTED', {
      got: `the operator ${JSON.stringify(stray.type.slice(0, 40))}`,
      want: 'a model alone: take other steps out of the graph',
    });
  return { model, scaler: scaler ?? null };
}

interface EnsembleFacts {
  readonly formatVersion: string;
  readonly columns: number | null;
  readonly type: NumberType;
  readonly options: FormatOptions;
}

function ensembleModel(
  ensemble: Ensemble,
  { formatVersion, columns, type, options }: EnsembleFacts,
): TreeModel {
  const { maxFeatures } = options.limits;
  const features = withinLimit(columns ?? widest(ensemble) + 1, maxFeatures, 'features');
  const trees = readOnnxTrees(ensemble.trees, {
    features,
    outputs: ensemble.outputs,
    type,
    maxNodes: options.limits.maxNodes,
    maxDepth: options.limits.maxTreeDepth,
  });
  const used = splitKinds(trees, features);
  if (used.categorical.some((kind, feature) => kind === 1 && used.numeric[feature] === 1))
    throw new ExplainError('MODEL_UNSUPPORTED', {
      got: 'a feature that is compared and matched',
      want: 'one of the two',
    });
  const names = Array.from({ length: features }, (_, feature) => `x${feature}`);
  return createTreeModel({
    format: 'onnx',
    hash: options.hash,
    formatVersion,
    objective: objectiveFor(postTransformOf(ensemble.post), ensemble.isClassifier, type),
    outputs: ensemble.outputs,
    compares: type,
    zeroWithin: 0,
    wholeCategories: true,
    sums: type,
    base: Float64Array.from(ensemble.base),
    baseLast: true,
    trees,
    coverSource: 'none',
    bestIteration: null,
    featureNames: names,
    featureTypes: names.map((_, feature) =>
      used.categorical[feature] === 1 ? 'categorical' : 'float',
    ),
    categories: names.map(() => null),
  });
}

function widest({ trees }: Ensemble): number {
  let most = 0;
  for (const { nodes } of trees)
    for (const node of nodes.values())
      if (!('weights' in node)) most = Math.max(most, node.feature);
  return most;
}
