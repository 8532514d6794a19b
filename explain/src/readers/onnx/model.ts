import { ExplainError } from '../../errors.ts';
import type { Model } from '../../model/model.ts';
import { createTreeModel } from '../../model/tree-model.ts';
import type { NumberType, TreeModel } from '../../model/tree-model.ts';
import { splitKinds } from '../features.ts';
import { withinLimit } from '../limits.ts';
import type { FormatOptions } from '../options.ts';
import { readOnnxTrees } from './ensemble.ts';
import type { EnsembleContext } from './ensemble.ts';
import { readGraph } from './graph.ts';
import type { Graph, GraphNode } from './graph.ts';
import { readOnnxLinear } from './linear.ts';
import { objectiveFor, postTransformOf } from './post-transform.ts';
import {
  checkScaling,
  scaledColumns,
  scalingBefore,
  strayOperator,
  thresholdBefore,
} from './scaling.ts';
import type { Scaling } from './scaling.ts';
import { readNewEnsemble, readOldEnsemble } from './tree-ensemble.ts';
import type { Ensemble } from './tree-ensemble.ts';

const ENSEMBLES = ['TreeEnsembleClassifier', 'TreeEnsembleRegressor', 'TreeEnsemble'];
const LINEAR = ['LinearClassifier', 'LinearRegressor'];
/** They hand values on, or dress the answer for the caller. */
const DRESS = ['Cast', 'Identity', 'ZipMap', 'Reshape', 'Squeeze'];

/**
 * An ONNX graph with one tree ensemble or linear model of ai.onnx.ml, behind a Scaler or Mul and Add by constants, which are
 * folded in; other operators that compute are refused by name.
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
  const { model, scaling, isNormalized } = modelNode(graph);
  const formatVersion = graph.producer === '' ? 'onnx' : graph.producer;
  const { maxOutputs } = options.limits;
  if (LINEAR.includes(model.type))
    return readOnnxLinear(model, {
      hash: options.hash,
      formatVersion,
      columns: graph.columns,
      maxOutputs,
      scaling,
      isNormalized,
    });
  const ensemble =
    model.type === 'TreeEnsemble'
      ? readNewEnsemble(model, maxOutputs)
      : readOldEnsemble(model, maxOutputs);
  return ensembleModel(ensemble, {
    formatVersion,
    columns: graph.columns,
    type: scaling.type,
    scaling,
    options,
  });
}

interface Parts {
  readonly model: GraphNode;
  readonly scaling: Scaling;
  readonly isNormalized: boolean;
}

function modelNode(graph: Graph): Parts {
  const models = graph.nodes.filter(({ type }) => [...ENSEMBLES, ...LINEAR].includes(type));
  const [model] = models;
  if (model === undefined || models.length > 1)
    throw new ExplainError('MODEL_UNSUPPORTED', {
      got: `${models.length} models in an ONNX graph`,
      want: `one of ${[...ENSEMBLES, ...LINEAR].join(', ')}`,
    });
  const scaling = scalingBefore(graph, model);
  const normalizer = graph.nodes.find((node) => normalizes(node, model));
  const stray = graph.nodes.find(
    (node) =>
      node !== model &&
      node !== normalizer &&
      !scaling.nodes.has(node) &&
      !DRESS.includes(node.type),
  );
  if (stray !== undefined) throw strayOperator(stray);
  return { model, scaling, isNormalized: normalizer !== undefined };
}

/** scikit-learn divides the classes of a linear model by their sum once more. */
function normalizes({ type, inputs, attributes }: GraphNode, model: GraphNode): boolean {
  return (
    type === 'Normalizer' &&
    attributes.text('norm', 'MAX') === 'L1' &&
    model.type === 'LinearClassifier' &&
    inputs[0] === model.outputs[1]
  );
}

interface EnsembleFacts {
  readonly formatVersion: string;
  readonly columns: number | null;
  readonly type: NumberType;
  readonly scaling: Scaling;
  readonly options: FormatOptions;
}

function ensembleModel(
  ensemble: Ensemble,
  { formatVersion, columns, type, scaling, options }: EnsembleFacts,
): TreeModel {
  const { maxFeatures } = options.limits;
  const asked = Math.max(widest(ensemble) + 1, scaledColumns(scaling));
  const features = withinLimit(columns ?? asked, maxFeatures, 'features');
  checkScaling(scaling, features);
  const trees = readOnnxTrees(ensemble.trees, {
    thresholdOf: thresholdsBehind(scaling, type),
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

/** Thresholds of trees behind a scaling as thresholds of the columns themselves; null where nothing is scaled. */
function thresholdsBehind(scaling: Scaling, type: NumberType): EnsembleContext['thresholdOf'] {
  if (scaling.steps.length === 0) return null;
  if (type === 'float64')
    throw new ExplainError('MODEL_UNSUPPORTED', {
      got: 'doubles that are scaled in front of trees',
      want: 'an input of float32, or trees alone',
    });
  return (feature, threshold) => thresholdBefore(scaling, feature, threshold);
}

function widest({ trees }: Ensemble): number {
  let most = 0;
  for (const { nodes } of trees)
    for (const node of nodes.values())
      if (!('weights' in node)) most = Math.max(most, node.feature);
  return most;
}
