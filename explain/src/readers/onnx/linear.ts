import { ExplainError } from '../../errors.ts';
import { createLinearModel } from '../../model/linear-model.ts';
import type { LinearModel } from '../../model/linear-model.ts';
import { malformed } from '../document.ts';
import type { GraphNode } from './graph.ts';
import { normalizedIf, objectiveFor, postTransformOf } from './post-transform.ts';
import { affine, checkScaling } from './scaling.ts';
import type { Scaling } from './scaling.ts';

export interface LinearContext {
  readonly hash: string;
  readonly formatVersion: string;
  readonly columns: number | null;
  readonly maxOutputs: number;
  readonly scaling: Scaling;
  /** the classes are divided by their sum */
  readonly isNormalized: boolean;
}

/** LinearClassifier and LinearRegressor of ai.onnx.ml, with what scales the columns folded in; computed in float64 here. */
export function readOnnxLinear(node: GraphNode, context: LinearContext): LinearModel {
  const isClassifier = node.type === 'LinearClassifier';
  const intercepts = node.attributes.numbers('intercepts');
  const flat = node.attributes.numbers('coefficients');
  const targets = isClassifier
    ? Math.max(intercepts.length, 1)
    : node.attributes.integer('targets', 1);
  const features = flat.length / targets;
  if (!Number.isInteger(features) || features < 1 || features !== (context.columns ?? features))
    throw malformed(
      `${node.type}.coefficients`,
      `${flat.length} numbers`,
      'outputs times features',
    );
  if (targets > context.maxOutputs)
    throw new ExplainError('MODEL_LIMIT', {
      got: `${targets} outputs`,
      want: `at most ${context.maxOutputs}`,
    });
  checkScaling(context.scaling, features);
  const post = postTransformOf(node.attributes.text('post_transform', 'NONE'));
  const rows = Array.from({ length: targets }, (_, k) =>
    fold(flat.slice(k * features, (k + 1) * features), intercepts[k] ?? 0, context.scaling),
  );
  // Two classes whose numbers differ in sign alone are one output, the second class; a softmax counts both, and so does what
  // divides bare numbers by their sum.
  const [one, two] = rows;
  const isMirrored =
    isClassifier &&
    post !== 'SOFTMAX' &&
    !(post === 'NONE' && context.isNormalized) &&
    rows.length === 2 &&
    one !== undefined &&
    two !== undefined &&
    one.every((value, i) => value === -(two[i] ?? NaN));
  const kept = isMirrored ? [two ?? []] : rows;
  if (!kept.flat().every(Number.isFinite))
    throw new ExplainError('MODEL_VALUE', { got: `an unusable coefficient at ${node.type}` });
  return createLinearModel({
    format: 'onnx',
    hash: context.hash,
    formatVersion: context.formatVersion,
    objective: normalizedIf(
      context.isNormalized && kept.length > 1,
      objectiveFor(post, isClassifier, 'float64'),
    ),
    outputs: kept.length,
    coefficients: kept.map((row) => Float64Array.from(row.slice(0, -1))),
    intercept: Float64Array.from(kept, (row) => row.at(-1) ?? NaN),
    featureNames: Array.from({ length: features }, (_, feature) => `x${feature}`),
    featureTypes: Array.from({ length: features }, () => 'float'),
    categories: Array.from({ length: features }, () => null),
  });
}

/** Coefficients with the intercept behind them. */
function fold(coefficients: readonly number[], intercept: number, scaling: Scaling): number[] {
  const columns = coefficients.map((weight, i) => ({ weight, ...affine(scaling, i) }));
  return [
    ...columns.map(({ weight, factor }) => weight * factor),
    columns.reduce((sum, { weight, term }) => sum + weight * term, intercept),
  ];
}
